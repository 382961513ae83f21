package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.UnsupportedException;
import java.util.Arrays;

/**
 * Data with zeros round it, which the next convolution or average-pool takes as its padding.
 *
 * @param where the Pad node, for errors
 * @param pads top, left, bottom, right
 */
record PendingPad(String where, Data x, int[] pads) implements Pending {

  boolean any() {
    return Arrays.stream(pads).anyMatch(p -> p != 0);
  }

  @Override
  public Shape sample() {
    throw unsupported();
  }

  @Override
  public Data emit() {
    throw unsupported();
  }

  private UnsupportedException unsupported() {
    return new UnsupportedException(
        where + ": padding is only supported right before Conv or AveragePool");
  }
}
