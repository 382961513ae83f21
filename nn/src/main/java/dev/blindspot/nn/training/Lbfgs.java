package dev.blindspot.nn.training;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.ToDoubleBiFunction;

/**
 * Unconstrained L-BFGS in double on the host (Liu and Nocedal 1989): two-loop recursion, a line
 * search by bisection for the weak Wolfe conditions (Lewis and Overton 2013), curvature pairs only
 * where s.y is positive. For one thread.
 */
public final class Lbfgs {
  private static final int PAIRS = 20;
  private static final double DECREASE = 1e-4;
  private static final double CURVATURE = 0.9;
  private static final int MAX_TRIALS = 25;

  /** A curvature pair: step s, gradient difference y, 1 / s.y. */
  private record Pair(double[] s, double[] y, double rho) {}

  private final ToDoubleBiFunction<double[], double[]> f;
  private final Deque<Pair> pairs = new ArrayDeque<>();
  private double[] w;
  private double[] g;
  private double value;
  private int iteration;
  private boolean settled;

  /**
   * Evaluates f at the start.
   *
   * @param f value at its first argument; writes the gradient to its second
   * @param start copied
   */
  public Lbfgs(ToDoubleBiFunction<double[], double[]> f, double[] start) {
    this.f = f;
    w = start.clone();
    g = new double[w.length];
    value = f.applyAsDouble(w, g);
  }

  private Lbfgs(ToDoubleBiFunction<double[], double[]> f, int iteration, List<double[]> state) {
    this.f = f;
    this.iteration = iteration;
    w = state.get(0).clone();
    g = state.get(1).clone();
    value = state.get(2)[0];
    settled = state.get(2)[1] != 0;
    for (int i = 3; i + 1 < state.size(); i += 2) {
      double[] s = state.get(i);
      double[] y = state.get(i + 1);
      pairs.addLast(new Pair(s, y, 1 / dot(s, y)));
    }
  }

  /**
   * Goes on where {@link #state} was taken: the steps to come are the same bits.
   *
   * @param iteration steps taken then
   * @param state as given by {@link #state}
   */
  static Lbfgs resume(
      ToDoubleBiFunction<double[], double[]> f, int iteration, List<double[]> state) {
    return new Lbfgs(f, iteration, state);
  }

  /** True if vectors of these sizes can be a state for so many unknowns. */
  static boolean isState(List<double[]> state, int unknowns) {
    return state.size() >= 3
        && state.size() % 2 == 1
        && state.size() <= 3 + 2 * PAIRS
        && state.get(2).length == 2
        && state.stream().allMatch(v -> v == state.get(2) || v.length == unknowns);
  }

  /** All that the steps to come depend on: point, gradient, value, curvature pairs. */
  List<double[]> state() {
    List<double[]> all = new ArrayList<>(List.of(w, g, new double[] {value, settled ? 1 : 0}));
    for (Pair p : pairs) {
      all.add(p.s());
      all.add(p.y());
    }
    return all;
  }

  /** Where it is; not to be changed. */
  public double[] point() {
    return w;
  }

  /** The function's value there. */
  public double value() {
    return value;
  }

  /** Steps taken. */
  public int iteration() {
    return iteration;
  }

  /** Takes a step; false, and nothing has changed, if none leads down any more. */
  public boolean step() {
    if (settled) {
      return false;
    }
    double[] d = direction(g, pairs);
    double slope = dot(g, d);
    if (!(slope < 0)) {
      pairs.clear();
      d = direction(g, pairs);
      slope = dot(g, d);
    }
    double[] next = w.clone();
    double[] nextGradient = new double[w.length];
    double found = slope < 0 ? search(d, slope, next, nextGradient) : value;
    if (!(found < value)) {
      settled = true;
      return false;
    }
    remember(next, nextGradient);
    settled = value - found <= 1e-12 * Math.max(1, Math.abs(value));
    w = next;
    g = nextGradient;
    value = found;
    iteration++;
    return true;
  }

  private double search(double[] d, double slope, double[] next, double[] gradient) {
    double low = 0;
    double high = Double.POSITIVE_INFINITY;
    double t = pairs.isEmpty() ? Math.min(1, 1 / Math.sqrt(dot(g, g))) : 1;
    for (int trial = 0; trial < MAX_TRIALS; trial++) {
      double v = at(t, d, next, gradient);
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
    // Decrease without the curvature condition: take it.
    return low == 0 ? value : at(low, d, next, gradient);
  }

  private double at(double t, double[] d, double[] next, double[] gradient) {
    for (int j = 0; j < w.length; j++) {
      next[j] = w[j] + t * d[j];
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

  private void remember(double[] next, double[] nextGradient) {
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
