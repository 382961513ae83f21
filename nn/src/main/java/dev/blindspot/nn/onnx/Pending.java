package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;

/** A result whose layer is made only when it is read, so that the next node may join it. */
non-sealed interface Pending extends Value {

  /** Shape of one sample. */
  Shape sample();

  /** Adds the layer. */
  Data emit();
}
