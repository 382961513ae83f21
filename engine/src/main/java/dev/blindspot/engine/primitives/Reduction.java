package dev.blindspot.engine.primitives;

/** Reductions of a row to one number. */
public enum Reduction {
  SUM,
  /** sum a b. */
  DOT,
  /** sum |a|. */
  L1,
  /** sqrt(sum a^2). */
  L2,
  /** sum a^2. */
  SQUARED_L2,
  /** max |a|. */
  LINF,
  MAX,
  MIN,
  /** Number of elements that are not 0; NaN if one is NaN. */
  L0
}
