package dev.blindspot.engine;

/** Instruction-set level of our CPU kernels. */
public enum Isa {
  /** The best level that the machine has. */
  BEST,
  /** Baseline x86-64. */
  SCALAR,
  /** AVX2 and FMA. */
  AVX2,
  /** AVX-512 F, BW, DQ and VL. */
  AVX512
}
