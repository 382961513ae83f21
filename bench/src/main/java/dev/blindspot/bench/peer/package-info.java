/**
 * Peers: other libraries that execute the same problems in a process of their own, started with
 * their best settings. {@link dev.blindspot.bench.peer.Peer} is this side, {@link
 * dev.blindspot.bench.peer.PeerServer} the other; they talk in lines of JSON over the other's
 * standard streams, one request, one answer, and only one of them computes at a time. A {@code
 * Peer} owns its processes; one thread uses it.
 */
package dev.blindspot.bench.peer;
