package dev.blindspot.nn.onnx;

import dev.blindspot.engine.UnsupportedException;

/** An operator that mixes samples, if the first dimension is taken to be the batch. */
final class BatchAxisException extends UnsupportedException {
  private static final long serialVersionUID = 1L;

  BatchAxisException(String message) {
    super(message);
  }
}
