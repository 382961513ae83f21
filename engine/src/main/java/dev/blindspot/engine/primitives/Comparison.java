package dev.blindspot.engine.primitives;

/** Comparisons; any with NaN is false, but NOT_EQUAL, which is true. */
public enum Comparison {
  LESS,
  LESS_EQUAL,
  GREATER,
  GREATER_EQUAL,
  EQUAL,
  NOT_EQUAL
}
