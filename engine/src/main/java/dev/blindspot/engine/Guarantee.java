package dev.blindspot.engine;

/** What an implementation keeps; the conformance suite checks what is declared. */
public enum Guarantee {
  /** Ties (max-pool, argmax, top-k) go to the first element in scan order. */
  TIES_FIRST,
  /** A NaN among the inputs of an output element makes that element NaN. */
  NAN_PROPAGATES,
  /** Small-integer data gives the exact result. */
  INTEGER_EXACT,
  /** Same inputs, threads and machine: same bits. */
  DETERMINISTIC
}
