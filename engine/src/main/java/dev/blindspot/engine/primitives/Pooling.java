package dev.blindspot.engine.primitives;

/** Kinds of pooling. */
public enum Pooling {
  /** Maximum of the window's cells inside the input. A tie goes to the first in scan order. */
  MAX,
  /** Mean over the whole window, padding counted as zeros. */
  AVERAGE_INCLUDE_PAD,
  /** Mean over the window's cells inside the input. */
  AVERAGE_EXCLUDE_PAD
}
