package dev.blindspot.attacks.bounds;

/** A linear map between vectors of doubles with its adjoint; safe for use by many threads. */
interface LinearOperator {

  int inputs();

  int outputs();

  /** y = A x, overwriting y. */
  void apply(double[] x, double[] y);

  /** x = A^T y, overwriting x. */
  void adjoint(double[] y, double[] x);

  /** Upper bound of ||fl(A x) - A x|| for ||x|| = 1, a-priori. */
  double applyError();

  /** Multiply-adds of one application. */
  double cost();
}
