package dev.blindspot.engine;

/** What a plan can be asked to compute. */
public enum Direction {
  /** y from x. Primitives without a gradient have only this one. */
  FORWARD,
  /** dx from dy. */
  BACKWARD_DATA,
  /** dw (and db) from x and dy. */
  BACKWARD_WEIGHTS
}
