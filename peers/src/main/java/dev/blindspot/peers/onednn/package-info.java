/** oneDNN: its primitives with memory reordered once into the layouts they like, weights packed. */
package dev.blindspot.peers.onednn;
