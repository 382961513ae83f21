package dev.blindspot.attacks.bounds;

/** A linear map between vectors of doubles; safe for use by many threads. */
interface LinearMap {

  int outputs();

  /** y = A x, overwriting y. */
  void apply(double[] x, double[] y);
}
