package dev.blindspot.attacks.bounds;

/**
 * Upper bound of a convolution's norm by four reshapes of its kernel (Singla and Feizi 2021,
 * "Fantastic Four"): sqrt(r s) times the smallest norm of the matrices [d r, c s], [d s, c r], [d,
 * c r s], [c, d r s], each of which bounds the symbol at every frequency.
 */
final class ReshapeBound {
  private static final int STEPS = 8;

  private ReshapeBound() {}

  private interface Index {
    int of(int k, int i, int u, int v);
  }

  /**
   * Guaranteed upper bound; reshapes whose norm would cost more than the budget are left out.
   *
   * @return infinite if none was affordable
   */
  static double upper(PolyphaseKernel k, double budget) {
    int d = k.d();
    int c = k.c();
    int r = k.r();
    int s = k.s();
    double best = norm(k, d * r, c * s, (o, i, u, v) -> (o * r + u) * c * s + i * s + v, budget);
    best =
        Math.min(
            best, norm(k, d * s, c * r, (o, i, u, v) -> (o * s + v) * c * r + i * r + u, budget));
    best =
        Math.min(
            best, norm(k, d, c * r * s, (o, i, u, v) -> ((o * c + i) * r + u) * s + v, budget));
    best =
        Math.min(
            best, norm(k, c, d * r * s, (o, i, u, v) -> ((i * d + o) * r + u) * s + v, budget));
    return Rounding.mulUp(Rounding.sqrtUp(r * s), best);
  }

  private static double norm(PolyphaseKernel k, int rows, int cols, Index index, double budget) {
    int small = Math.min(rows, cols);
    double cost =
        Planes.gramCost(Math.max(rows, cols), small, false)
            + STEPS * Planes.gramCost(small, small, false);
    if (cost > budget) {
      return Double.POSITIVE_INFINITY;
    }
    double[] a = new double[rows * cols];
    for (int o = 0; o < k.d(); o++) {
      for (int i = 0; i < k.c(); i++) {
        for (int t = 0; t < k.taps(); t++) {
          a[index.of(o, i, t / k.s(), t % k.s())] = k.weights()[t][o * k.c() + i];
        }
      }
    }
    return new GramIteration().upper(Planes.real(a, rows, cols), STEPS, 0);
  }
}
