package dev.blindspot.engine.primitives;

/** Norms of perturbations. */
public enum Norm {
  L1,
  L2,
  LINF
}
