package dev.blindspot.attacks.bounds;

import java.util.SplittableRandom;

/**
 * Lower bound of an operator's norm: Lanczos iteration on A^T A with full reorthogonalisation,
 * restarted from its best Ritz vector. The iteration only proposes a vector v; the bound is ||A v||
 * / ||v|| less the rounding error of computing it, so it holds however badly the iteration
 * converged.
 */
final class Lanczos {
  private static final int BASIS = 24;
  private static final int RESTARTS = 4;
  private static final int FEWEST = 12;
  private static final double CONVERGED = 1e-7;

  private Lanczos() {}

  /**
   * Lower bound of ||A||.
   *
   * @param budget multiply-adds to spend, roughly; at least 12 steps are made
   * @return 0 if A is zero, NaN if it has entries that are not finite
   */
  static double lower(LinearOperator a, double budget) {
    int n = a.inputs();
    double[] v = start(n);
    int total = (int) Math.max(FEWEST, Math.min(BASIS * RESTARTS, budget / (2 * a.cost())));
    double best = 0;
    while (total > 0) {
      int steps = Math.min(Math.min(BASIS, n), total);
      v = ritzVector(a, v, steps);
      double value = rayleigh(a, v);
      if (!(value > best * (1 + CONVERGED))) {
        return value != value ? value : Math.max(value, best);
      }
      best = value;
      total -= steps;
    }
    return best;
  }

  private static double[] start(int n) {
    SplittableRandom random = new SplittableRandom(20131221);
    double[] v = new double[n];
    for (int i = 0; i < n; i++) {
      v[i] = 1 + random.nextDouble(-1, 1);
    }
    return v;
  }

  /** Guaranteed: ||A v|| / ||v|| rounded down. */
  static double rayleigh(LinearOperator a, double[] v) {
    double[] y = new double[a.outputs()];
    a.apply(v, y);
    double length = Rounding.normUp(v);
    double error = Rounding.mulUp(a.applyError(), length);
    double value = normDown(y);
    if (!(value < Double.POSITIVE_INFINITY)) {
      return Double.NaN;
    }
    return length > 0 ? Rounding.divDown(Rounding.subDown(value, error), length) : 0;
  }

  private static double normDown(double[] y) {
    double norm = Math.sqrt(dot(y, y));
    return Rounding.mulDown(norm, Math.nextDown(1 - Rounding.gamma(y.length + 4)));
  }

  private static double[] ritzVector(LinearOperator a, double[] v, int steps) {
    double[][] q = new double[steps][];
    double[] diagonal = new double[steps];
    double[] off = new double[steps];
    double[] y = new double[a.outputs()];
    double[] w = v.clone();
    int k = 0;
    for (double norm = Math.sqrt(dot(w, w)); k < steps && norm > 0; k++) {
      q[k] = scaled(w, 1 / norm);
      a.apply(q[k], y);
      w = new double[a.inputs()];
      a.adjoint(y, w);
      diagonal[k] = dot(q[k], w);
      for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i <= k; i++) {
          axpy(-dot(q[i], w), q[i], w);
        }
      }
      norm = Math.sqrt(dot(w, w));
      off[k] = norm;
      if (!(norm > 1e-14 * diagonal[0])) {
        k++;
        break;
      }
    }
    double[] coefficients = topEigenvector(diagonal, off, k);
    double[] ritz = new double[a.inputs()];
    for (int i = 0; i < k; i++) {
      axpy(coefficients[i], q[i], ritz);
    }
    return ritz;
  }

  /**
   * Eigenvector of the largest eigenvalue of a symmetric tridiagonal matrix: bisection by Sturm
   * counts, then the three-term recurrence. Any vector would be sound.
   */
  private static double[] topEigenvector(double[] diagonal, double[] off, int k) {
    double hi = 0;
    for (int i = 0; i < k; i++) {
      hi = Math.max(hi, diagonal[i] + (i > 0 ? off[i - 1] : 0) + (i + 1 < k ? off[i] : 0));
    }
    double lo = 0;
    for (int step = 0; step < 100; step++) {
      double mid = (lo + hi) / 2;
      if (above(diagonal, off, k, mid)) {
        lo = mid;
      } else {
        hi = mid;
      }
    }
    return inverseIteration(diagonal, off, k, hi * (1 + 1e-12));
  }

  /** True if an eigenvalue exceeds {@code x}. */
  private static boolean above(double[] diagonal, double[] off, int k, double x) {
    double d = diagonal[0] - x;
    for (int i = 1; i < k && d <= 0; i++) {
      d = diagonal[i] - x - off[i - 1] * off[i - 1] / (d == 0 ? -1e-300 : d);
    }
    return d > 0;
  }

  /** Two steps with T - shift, which is negative definite: elimination without pivots. */
  private static double[] inverseIteration(double[] diagonal, double[] off, int k, double shift) {
    double[] x = new double[k];
    java.util.Arrays.fill(x, 1);
    double[] pivot = new double[k];
    for (int step = 0; step < 4; step++) {
      pivot[0] = diagonal[0] - shift;
      for (int i = 1; i < k; i++) {
        double f = off[i - 1] / pivot[i - 1];
        pivot[i] = diagonal[i] - shift - f * off[i - 1];
        x[i] -= f * x[i - 1];
      }
      x[k - 1] /= pivot[k - 1];
      for (int i = k - 2; i >= 0; i--) {
        x[i] = (x[i] - off[i] * x[i + 1]) / pivot[i];
      }
      double max = Rounding.maxAbs(x);
      if (!(max > 0 && max < Double.POSITIVE_INFINITY)) {
        java.util.Arrays.fill(x, 0);
        x[0] = 1;
        return x;
      }
      for (int i = 0; i < k; i++) {
        x[i] /= max;
      }
    }
    return x;
  }

  private static double dot(double[] a, double[] b) {
    return DenseOperator.dot(a, 0, b, a.length);
  }

  private static void axpy(double f, double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      y[i] += f * x[i];
    }
  }

  private static double[] scaled(double[] x, double f) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = f * x[i];
    }
    return y;
  }
}
