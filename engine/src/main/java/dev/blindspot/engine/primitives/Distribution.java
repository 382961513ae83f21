package dev.blindspot.engine.primitives;

/** Distributions of random numbers. */
public enum Distribution {
  /** Uniform in [a,b): a + (b - a) u, u a multiple of 2^-24 (F32) or 2^-53 (F64). */
  UNIFORM,
  /** Normal with mean a and standard deviation b. */
  NORMAL
}
