package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;

/**
 * A flattening. A Gemm that the writer of this project put behind it, told by its name, reads the
 * unflattened data, as the dense layer that was written did.
 */
record PendingFlatten(GraphReader g, String name, Data x) implements Pending {

  /** Name of the flattening that belongs to a dense layer. */
  static String nameFor(String dense) {
    return dense + ".row";
  }

  @Override
  public Shape sample() {
    return Shape.of(x.sample().size());
  }

  @Override
  public Data emit() {
    return g.reshape(name, x, x.sample().size());
  }
}
