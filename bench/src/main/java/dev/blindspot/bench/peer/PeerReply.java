package dev.blindspot.bench.peer;

import java.util.List;

/**
 * A line from a peer: its first says who it is, every other answers a request.
 *
 * @param protocol {@link PeerServer#PROTOCOL} in the first line; else null
 * @param peer name and version in the first line; else null
 * @param variants implementations of the prepared problem; else null
 * @param micros time of one execution of a series; else null
 * @param unsupported why the peer cannot do the problem; else null
 * @param error what went wrong; else null
 */
public record PeerReply(
    String protocol,
    String peer,
    List<String> variants,
    Double micros,
    String unsupported,
    String error) {

  static PeerReply ready(String peer) {
    return new PeerReply(PeerServer.PROTOCOL, peer, null, null, null, null);
  }

  static PeerReply done() {
    return new PeerReply(null, null, null, null, null, null);
  }

  static PeerReply variants(List<String> names) {
    return new PeerReply(null, null, names, null, null, null);
  }

  static PeerReply micros(double micros) {
    return new PeerReply(null, null, null, micros, null, null);
  }

  static PeerReply unsupported(String why) {
    return new PeerReply(null, null, null, null, why, null);
  }

  static PeerReply error(String what) {
    return new PeerReply(null, null, null, null, null, what);
  }
}
