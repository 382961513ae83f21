package dev.blindspot.peers.nd4j;

import dev.blindspot.bench.peer.PeerVariant;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An operation that writes into a kept output.
 *
 * @param output C order
 */
record Nd4jVariant(String operation, Runnable execution, INDArray output) implements PeerVariant {

  @Override
  public String name() {
    return "nchw " + operation;
  }

  @Override
  public void run() {
    execution.run();
  }

  @Override
  public float[] result() {
    run();
    return output.dup('c').data().asFloat();
  }

  /** ND4J's arrays belong to its own collector. */
  @Override
  public void close() {}
}
