package dev.blindspot.peers;

import dev.blindspot.bench.peer.PeerDriver;
import dev.blindspot.bench.peer.PeerServer;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.peers.onednn.OneDnnDriver;
import dev.blindspot.peers.onnxruntime.OnnxRuntimeDriver;
import dev.blindspot.peers.torch.TorchDriver;

/** A peer's process. */
public final class Main {
  private Main() {}

  /**
   * Serves until the standard input ends.
   *
   * @param args name of the library, number of threads
   */
  public static void main(String[] args) {
    int threads = Integer.parseInt(args[1]);
    PeerDriver driver =
        switch (args[0]) {
          case "torch" -> new TorchDriver(threads);
          case "onednn" -> new OneDnnDriver();
          case "onnxruntime" -> new OnnxRuntimeDriver(threads);
          default -> throw new InvalidInputException("There is no peer '" + args[0] + "'");
        };
    PeerServer.serve(driver, System.in, System.out);
  }
}
