package dev.blindspot.attacks;

/** Distance of a point from a half-space inside the box [0,1], in double. */
final class BoxDistance {
  private BoxDistance() {}

  /**
   * min ||r|| with v.(x + r) at most {@code level} and x + r in [0,1]: r = clip(x - lambda v) - x
   * with the root lambda of a monotone function; infinite if the box does not reach there.
   */
  static double to(double[] x, double[] v, double level) {
    double low = 0;
    double high = 1e6;
    if (value(x, v, high) > level) {
      return Double.POSITIVE_INFINITY;
    }
    for (int k = 0; k < 200; k++) {
      double middle = (low + high) / 2;
      if (value(x, v, middle) > level) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double squares = 0;
    for (int i = 0; i < x.length; i++) {
      squares += Math.pow(moved(x[i], v[i], high) - x[i], 2);
    }
    return Math.sqrt(squares);
  }

  private static double moved(double x, double v, double lambda) {
    return Math.min(1, Math.max(0, x - lambda * v));
  }

  private static double value(double[] x, double[] v, double lambda) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += v[i] * moved(x[i], v[i], lambda);
    }
    return sum;
  }
}
