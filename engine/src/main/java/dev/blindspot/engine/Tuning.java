package dev.blindspot.engine;

/**
 * Whether a plan's implementation is chosen by what was measured instead of by the list's order.
 * Choices are kept in a file for each machine, so equal plans of later processes are equal.
 */
public enum Tuning {
  /** By order only; always so in deterministic mode. */
  OFF,
  /** What the file has for this machine, else by order; nothing is measured. */
  STORED,
  /** What the file does not have is measured when a plan is made, and kept. Slow once. */
  MEASURE,
  /** As MEASURE, but choices of earlier processes are measured anew. */
  AGAIN
}
