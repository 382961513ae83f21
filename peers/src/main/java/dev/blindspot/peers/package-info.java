/**
 * Other libraries as peers of the workbench, each in a process of its own which executes what
 * {@link dev.blindspot.bench.peer.PeerServer} is asked for.
 */
package dev.blindspot.peers;
