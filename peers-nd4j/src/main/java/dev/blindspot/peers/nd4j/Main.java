package dev.blindspot.peers.nd4j;

import dev.blindspot.bench.peer.PeerServer;

/** The process of the peer ND4J. */
public final class Main {
  private Main() {}

  /**
   * Serves until the standard input ends.
   *
   * @param args name of the library, number of threads
   */
  public static void main(String[] args) {
    PeerServer.serve(new Nd4jDriver(Integer.parseInt(args[1])), System.in, System.out);
  }
}
