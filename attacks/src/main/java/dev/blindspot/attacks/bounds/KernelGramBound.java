package dev.blindspot.attacks.bounds;

/**
 * Upper bound of a convolution's norm by Gram iteration on the kernel itself (Delattre et al. 2024,
 * "Spectral Norm of Convolutional Layers with Circular and Zero Paddings"): K_{t+1} = K_t * K_t^T,
 * the autocorrelation, whose operator has the squared norm; the last one is bounded by its row and
 * column sums (Schur). Valid for zero and circular padding and any image size.
 *
 * <p>Rounding: |fl(K*K^T) - K*K^T| &lt;= gamma_n |K|*|K|^T, an operator of norm at most row sum
 * times column sum of |K|.
 */
final class KernelGramBound {
  private static final int MAX_STEPS = 7;

  private KernelGramBound() {}

  /** One real matrix [m,c] for each tap of an r x s window. */
  private record Kernel(int m, int c, int r, int s, double[][] taps) {}

  /**
   * Guaranteed upper bound.
   *
   * @param budget of multiply-adds; the iteration stops before it would be exceeded
   */
  static double upper(PolyphaseKernel kernel, double budget) {
    Kernel k = small(kernel);
    double[] error = new double[MAX_STEPS];
    int[] exponent = new int[MAX_STEPS + 1];
    double left = budget;
    double max = max(k);
    if (!Double.isFinite(max)) {
      return Double.POSITIVE_INFINITY;
    }
    exponent[0] = scale(k, max);
    double best = back(schur(k), exponent, error, 0);
    for (int t = 0; t < MAX_STEPS && max > 0; t++) {
      double cost = (double) k.m() * k.m() * k.c() * k.r() * k.s() * k.r() * k.s();
      left -= cost;
      if (left < 0) {
        break;
      }
      double squared = schur(k);
      squared = Rounding.mulUp(squared, squared);
      long terms = (long) k.c() * k.r() * k.s();
      error[t] = Rounding.mulUp(Rounding.gamma(terms + 2), squared);
      k = autocorrelation(k);
      max = max(k);
      exponent[t + 1] = scale(k, max);
      best = Math.min(best, back(schur(k), exponent, error, t + 1));
    }
    return best;
  }

  /** The Schur bound alone: sqrt(largest row sum of |w| times largest column sum). */
  static double schur(PolyphaseKernel k) {
    return schur(new Kernel(k.d(), k.c(), k.r(), k.s(), k.weights()));
  }

  private static double schur(Kernel k) {
    double[] rows = new double[k.m()];
    double[] columns = new double[k.c()];
    for (double[] tap : k.taps()) {
      for (int i = 0; i < k.m(); i++) {
        for (int j = 0; j < k.c(); j++) {
          double v = Math.abs(tap[i * k.c() + j]);
          rows[i] += v;
          columns[j] += v;
        }
      }
    }
    double row = Rounding.sumUp(Rounding.maxAbs(rows), (long) k.c() * k.r() * k.s());
    double column = Rounding.sumUp(Rounding.maxAbs(columns), (long) k.m() * k.r() * k.s());
    return Rounding.sqrtUp(Rounding.mulUp(row, column));
  }

  private static double back(double bound, int[] exponent, double[] error, int t) {
    double b = bound;
    for (int s = t; s > 0; s--) {
      b = Rounding.sqrtUp(Rounding.addUp(Math.scalb(b, -exponent[s]), error[s - 1]));
    }
    return Math.nextUp(Math.scalb(b, -exponent[0]));
  }

  /** A copy with at most as many rows as columns; the adjoint otherwise. */
  private static Kernel small(PolyphaseKernel k) {
    double[][] taps = new double[k.taps()][];
    boolean adjoint = k.d() > k.c();
    for (int t = 0; t < taps.length; t++) {
      double[] w = k.weights()[t];
      taps[adjoint ? taps.length - 1 - t : t] =
          adjoint ? Planes.transpose(w, k.d(), k.c()) : w.clone();
    }
    return adjoint
        ? new Kernel(k.c(), k.d(), k.r(), k.s(), taps)
        : new Kernel(k.d(), k.c(), k.r(), k.s(), taps);
  }

  private static double max(Kernel k) {
    double max = 0;
    for (double[] tap : k.taps()) {
      double m = Rounding.maxAbs(tap);
      if (m != m) {
        return m;
      }
      max = Math.max(max, m);
    }
    return max;
  }

  private static int scale(Kernel k, double max) {
    if (max == 0) {
      return 0;
    }
    int e = Math.max(-1000, Math.min(1000, -Math.getExponent(max)));
    double f = Math.scalb(1.0, e);
    for (double[] tap : k.taps()) {
      for (int i = 0; i < tap.length; i++) {
        tap[i] *= f;
      }
    }
    return e;
  }

  /** (K * K^T)(delta) = sum_u K(u + delta) K(u)^T. */
  private static Kernel autocorrelation(Kernel k) {
    int r = 2 * k.r() - 1;
    int s = 2 * k.s() - 1;
    double[][] product = new double[r * s][k.m() * k.m()];
    double[][] transposed = new double[k.taps().length][];
    for (int t = 0; t < transposed.length; t++) {
      transposed[t] = Planes.transpose(k.taps()[t], k.m(), k.c());
    }
    for (int a = 0; a < k.taps().length; a++) {
      for (int b = 0; b < k.taps().length; b++) {
        int y = a / k.s() - b / k.s() + k.r() - 1;
        int x = a % k.s() - b % k.s() + k.s() - 1;
        multiply(k.taps()[a], transposed[b], product[y * s + x], k.m(), k.c());
      }
    }
    return new Kernel(k.m(), k.m(), r, s, product);
  }

  /** g [m,m] += a [m,c] b [c,m]. */
  private static void multiply(double[] a, double[] b, double[] g, int m, int c) {
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < c; j++) {
        double f = a[i * c + j];
        for (int l = 0; l < m; l++) {
          g[i * m + l] += f * b[j * m + l];
        }
      }
    }
  }
}
