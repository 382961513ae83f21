package dev.blindspot.engine.primitives;

/** Copies by index. */
public enum IndexOp {
  /** y[i,:] = x[index[i],:]. */
  GATHER_ROWS,
  /** y[index[i],:] = x[i,:]; rows of y that no index names stay; indices must differ. */
  SCATTER_ROWS,
  /** y[i] = x[i, index[i]]. */
  GATHER_ELEMENTS
}
