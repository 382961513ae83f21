package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import java.util.function.Function;

/**
 * A convolution or product without bias that a following addition of one constant for each channel
 * can join.
 *
 * @param maker adds the layer with this bias, or without if it is null
 */
record PendingBias(Shape sample, Function<double[], Data> maker) implements Pending {

  @Override
  public Data emit() {
    return maker.apply(null);
  }
}
