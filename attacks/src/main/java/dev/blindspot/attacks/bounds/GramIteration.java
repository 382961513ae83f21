package dev.blindspot.attacks.bounds;

import java.util.function.Function;

/**
 * Guaranteed upper bound of the spectral norm by Gram iteration (Delattre et al. 2023, "Efficient
 * Bound of Lipschitz Constant for Convolutional Layers by Gram Iteration"), made sound under
 * rounding.
 *
 * <p>M_0 = A, M_{t+1} = fl(M_t^H M_t), each scaled by a power of two. Whatever the order of
 * summation, |fl(M^H M) - M^H M| &lt;= gamma_n |M|^H |M| entry by entry, so ||M_t||^2 &lt;=
 * ||M_{t+1}|| + gamma_n ||M_t||_F^2. It starts with ||M_T|| &lt;= ||M_T||_F and goes back to A. For
 * complex matrices of real parts the same holds with 2n terms and twice the Frobenius term.
 */
final class GramIteration {
  /** Stop when a step lowers the bound by less than this part; for large matrices sooner. */
  private static final double CONVERGED = 1e-9;

  private static final double CONVERGED_LARGE = 1e-4;
  private static final int LARGE = 256;

  private static final int MAX_STEPS = 24;

  /** Forms M^H M; must obey the gamma_n model. */
  private final Function<Planes, Planes> gram;

  private final double[] error = new double[MAX_STEPS];
  private final int[] exponent = new int[MAX_STEPS + 1];

  GramIteration(Function<Planes, Planes> gram) {
    this.gram = gram;
  }

  GramIteration() {
    this(Planes::gram);
  }

  /** Upper bound of the norm of a real matrix, row-major; infinite if an entry is not finite. */
  static double upper(double[] a, int rows, int cols) {
    return new GramIteration().upper(Planes.real(a, rows, cols), MAX_STEPS, 0);
  }

  /**
   * Upper bound of ||a||_2.
   *
   * @param steps at most so many Gram products
   * @param enough stop as soon as the bound is at most this; 0 for never
   * @return infinite if an entry is not finite
   */
  double upper(Planes a, int steps, double enough) {
    double max = a.maxAbs();
    if (!Double.isFinite(max)) {
      return Double.POSITIVE_INFINITY;
    }
    if (max == 0) {
      return 0;
    }
    Planes m = a.tall();
    exponent[0] = normalise(m, max);
    double frobenius = frobenius(m);
    double best = back(frobenius, 0);
    for (int t = 0; t < Math.min(steps, MAX_STEPS) && best > enough; t++) {
      long terms = (long) m.rows() * (m.complex() ? 2 : 1);
      double square = Rounding.mulUp(frobenius, frobenius);
      double widened = Rounding.mulUp(Rounding.gamma(terms + 2), square);
      error[t] = m.complex() ? 2 * widened : widened;
      m = gram.apply(m);
      double largest = m.maxAbs();
      if (!Double.isFinite(largest)) {
        return best;
      }
      exponent[t + 1] = normalise(m, largest);
      frobenius = frobenius(m);
      double bound = back(frobenius, t + 1);
      boolean converged = bound > best * (1 - (m.cols() < LARGE ? CONVERGED : CONVERGED_LARGE));
      best = Math.min(best, bound);
      if (converged) {
        break;
      }
    }
    return best;
  }

  /** Upper bound of ||M_0|| from one of ||M_t||. */
  private double back(double bound, int t) {
    double b = bound;
    for (int s = t; s > 0; s--) {
      double unscaled = Math.scalb(b, -exponent[s]);
      b = Rounding.sqrtUp(Rounding.addUp(unscaled, error[s - 1]));
    }
    return Math.nextUp(Math.scalb(b, -exponent[0]));
  }

  /** Scales so that the largest entry is about 1; returns the exponent. */
  private static int normalise(Planes m, double max) {
    if (max == 0) {
      return 0;
    }
    int e = Math.max(-1000, Math.min(1000, -Math.getExponent(max)));
    m.scale(e);
    return e;
  }

  /** Frobenius norm, widened for entries lost to underflow by scaling or in a product. */
  private static double frobenius(Planes m) {
    double lost = 0x1p-1000 * Math.max(m.rows(), m.cols());
    return Rounding.addUp(m.frobeniusUp(), lost * m.cols());
  }
}
