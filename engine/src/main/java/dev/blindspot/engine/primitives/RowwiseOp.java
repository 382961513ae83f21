package dev.blindspot.engine.primitives;

/** Operations of one number for each row with the row. */
public enum RowwiseOp {
  /** y[i,:] = alpha[i] a[i,:]. */
  SCALE,
  /** y[i,:] = a[i,:] + alpha[i]. */
  ADD,
  /** y[i,:] += alpha[i] a[i,:]; reads y. */
  AXPY
}
