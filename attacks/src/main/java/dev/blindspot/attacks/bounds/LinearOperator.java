package dev.blindspot.attacks.bounds;

/** A linear map with its adjoint and what is needed to bound its norm. */
interface LinearOperator extends LinearMap {

  int inputs();

  /** x = A^T y, overwriting x. */
  void adjoint(double[] y, double[] x);

  /** Upper bound of ||fl(A x) - A x|| for ||x|| = 1, a-priori. */
  double applyError();

  /** Multiply-adds of one application. */
  double cost();
}
