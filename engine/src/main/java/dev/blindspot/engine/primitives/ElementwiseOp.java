package dev.blindspot.engine.primitives;

/**
 * Element-wise operations; a and b are tensors, alpha and beta numbers. I32 results are rounded
 * towards zero and saturate; NaN gives 0.
 */
public enum ElementwiseOp {
  /** y = alpha. Reads no tensor. Also I32 and U8. */
  FILL(0),
  /** y = a. Also I32 and U8. */
  COPY(1),
  NEGATE(1),
  ABS(1),
  /** -1, 0 or 1; 0 for 0 of either sign; NaN for NaN. */
  SIGN(1),
  SQUARE(1),
  SQRT(1),
  RECIPROCAL(1),
  EXP(1),
  LOG(1),
  /** y = alpha a + beta. Also I32. */
  AFFINE(1),
  /** y = min(max(a, alpha), beta); NaN stays NaN. */
  CLIP(1),
  /** Also I32. */
  ADD(2),
  /** Also I32. */
  SUBTRACT(2),
  MULTIPLY(2),
  DIVIDE(2),
  /** NaN if either is. Also I32. */
  MINIMUM(2),
  /** NaN if either is. Also I32. */
  MAXIMUM(2),
  /** y = alpha a + beta b. */
  LINEAR_COMBINATION(2);

  private final int operands;

  ElementwiseOp(int operands) {
    this.operands = operands;
  }

  /** Number of tensors read. */
  public int operands() {
    return operands;
  }
}
