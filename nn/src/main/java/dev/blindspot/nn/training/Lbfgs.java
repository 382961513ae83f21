package dev.blindspot.nn.training;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.ToDoubleBiFunction;

/**
 * Unconstrained L-BFGS in double on the host (Liu and Nocedal 1989): two-loop recursion, a line
 * search by bisection for the weak Wolfe conditions (Lewis and Overton 2013), curvature pairs only
 * where s.y is positive.
 */
public final class Lbfgs {
  private static final int PAIRS = 20;
  private static final double DECREASE = 1e-4;
  private static final double CURVATURE = 0.9;
  private static final int MAX_TRIALS = 25;

  private Lbfgs() {}

  /** Hears of each iteration. */
  public interface Progress {
    /**
     * After each step taken.
     *
     * @param iteration counted from 1
     * @param value of the function there
     */
    void iteration(int iteration, double value);
  }

  /** A curvature pair: step s, gradient difference y, 1 / s.y. */
  private record Pair(double[] s, double[] y, double rho) {}

  /**
   * Minimises f from w, in place.
   *
   * @param f value at its first argument; writes the gradient to its second
   * @return the least value found
   */
  public static double minimize(
      ToDoubleBiFunction<double[], double[]> f, double[] w, int iterations, Progress progress) {
    double[] g = new double[w.length];
    double value = f.applyAsDouble(w, g);
    Deque<Pair> pairs = new ArrayDeque<>();
    for (int i = 1; i <= iterations; i++) {
      double[] d = direction(g, pairs);
      double slope = dot(g, d);
      if (!(slope < 0)) {
        pairs.clear();
        d = direction(g, pairs);
        slope = dot(g, d);
        if (!(slope < 0)) {
          break;
        }
      }
      double first = pairs.isEmpty() ? Math.min(1, 1 / Math.sqrt(dot(g, g))) : 1;
      double[] next = w.clone();
      double[] nextGradient = new double[w.length];
      double found = search(f, w, value, d, slope, first, next, nextGradient);
      if (!(found < value)) {
        break;
      }
      remember(pairs, w, g, next, nextGradient);
      boolean settled = value - found <= 1e-12 * Math.max(1, Math.abs(value));
      System.arraycopy(next, 0, w, 0, w.length);
      g = nextGradient;
      value = found;
      progress.iteration(i, value);
      if (settled) {
        break;
      }
    }
    f.applyAsDouble(w, g);
    return value;
  }

  private static double search(
      ToDoubleBiFunction<double[], double[]> f,
      double[] w,
      double value,
      double[] d,
      double slope,
      double first,
      double[] next,
      double[] gradient) {
    double low = 0;
    double high = Double.POSITIVE_INFINITY;
    double t = first;
    for (int trial = 0; trial < MAX_TRIALS; trial++) {
      for (int j = 0; j < w.length; j++) {
        next[j] = w[j] + t * d[j];
      }
      double v = f.applyAsDouble(next, gradient);
      if (!(v <= value + DECREASE * t * slope)) {
        high = t;
      } else {
        if (dot(gradient, d) >= CURVATURE * slope) {
          return v;
        }
        low = t;
      }
      t = Double.isInfinite(high) ? 2 * low : 0.5 * (low + high);
    }
    if (low == 0) {
      return value;
    }
    // Decrease without the curvature condition: take it.
    for (int j = 0; j < w.length; j++) {
      next[j] = w[j] + low * d[j];
    }
    return f.applyAsDouble(next, gradient);
  }

  private static double[] direction(double[] g, Deque<Pair> pairs) {
    double[] d = new double[g.length];
    Arrays.setAll(d, j -> -g[j]);
    double[] alpha = new double[pairs.size()];
    int i = 0;
    for (Pair p : pairs) {
      alpha[i] = p.rho() * dot(p.s(), d);
      axpy(-alpha[i++], p.y(), d);
    }
    if (!pairs.isEmpty()) {
      Pair newest = pairs.peekFirst();
      double scale = 1 / (newest.rho() * dot(newest.y(), newest.y()));
      for (int j = 0; j < d.length; j++) {
        d[j] *= scale;
      }
    }
    for (Iterator<Pair> it = pairs.descendingIterator(); it.hasNext(); ) {
      Pair p = it.next();
      axpy(alpha[--i] - p.rho() * dot(p.y(), d), p.s(), d);
    }
    return d;
  }

  private static void remember(
      Deque<Pair> pairs, double[] w, double[] g, double[] next, double[] nextGradient) {
    double[] s = new double[w.length];
    double[] y = new double[w.length];
    for (int j = 0; j < w.length; j++) {
      s[j] = next[j] - w[j];
      y[j] = nextGradient[j] - g[j];
    }
    double curvature = dot(s, y);
    if (curvature > Math.ulp(1.0) * dot(y, y)) {
      pairs.addFirst(new Pair(s, y, 1 / curvature));
      if (pairs.size() > PAIRS) {
        pairs.removeLast();
      }
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void axpy(double alpha, double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      y[i] += alpha * x[i];
    }
  }
}
