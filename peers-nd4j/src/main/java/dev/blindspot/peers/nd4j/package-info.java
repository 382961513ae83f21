/** ND4J as a peer. */
package dev.blindspot.peers.nd4j;
