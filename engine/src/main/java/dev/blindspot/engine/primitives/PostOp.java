package dev.blindspot.engine.primitives;

/** What is fused behind a primitive's product, in the order of the desc's list. */
public enum PostOp {
  /** Adds b[k] to output channel k. */
  BIAS,
  /** Adds a residual tensor of the output's shape. */
  RESIDUAL_ADD,
  /** max(0, y). */
  RELU
}
