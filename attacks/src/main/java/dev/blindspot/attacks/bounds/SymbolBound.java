package dev.blindspot.attacks.bounds;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;

/**
 * Upper bound of a convolution's norm from its symbol A(w) = sum_u W_u exp(-i u.w), a d x c matrix
 * for each frequency w. A convolution with any zero padding on an image of any size is a
 * compression of the one on an unbounded image, whose norm is sup_w ||A(w)||.
 *
 * <p>From an N1 x N2 grid to the supremum: <y, A(w) x>, shifted to its centre, is of exponential
 * type (k-1)/2 in each variable, so near its maximum M it is at least M cos((k-1)/2 |w - w0|) (M.
 * Riesz). The nearest grid point is within pi/N, hence sup &lt;= grid maximum /
 * (cos(pi(k1-1)/(2N1)) cos(pi(k2-1)/(2N2))).
 */
final class SymbolBound {
  private static final int STEPS = 12;

  /** Finer grids gain under one per cent for common kernels: only where they are cheap. */
  private static final int FINE = 64;

  private static final int[] SIZES = {128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2};

  private final PolyphaseKernel kernel;
  private final int n1;
  private final int n2;
  private final double[] cos;
  private final double[] sin;

  private record Frequency(int i, int j, double frobenius) {}

  SymbolBound(PolyphaseKernel kernel, int n1, int n2) {
    if (n1 < kernel.r() || n2 < kernel.s()) {
      throw new IllegalArgumentException("symbol grid smaller than the kernel");
    }
    this.kernel = kernel;
    this.n1 = n1;
    this.n2 = n2;
    int n = n1 * n2;
    cos = new double[n];
    sin = new double[n];
    for (int m = 0; m < n; m++) {
      int centred = m > n / 2 ? m - n : m;
      double angle = 2 * Math.PI * centred / n;
      cos[m] = StrictMath.cos(angle);
      sin[m] = StrictMath.sin(angle);
    }
  }

  /** The finest grid whose work is within a budget of multiply-adds. */
  static SymbolBound withBudget(PolyphaseKernel kernel, double budget) {
    int small = Math.min(kernel.d(), kernel.c());
    int large = Math.max(kernel.d(), kernel.c());
    double each =
        4.0 * kernel.taps() * small * large
            + Planes.gramCost(large, small, true)
            + 4 * Planes.gramCost(small, small, true);
    for (int size : SIZES) {
      int a = kernel.r() == 1 ? 1 : size;
      int b = kernel.s() == 1 ? 1 : size;
      double work = (0.5 * a * b + 1) * each;
      boolean coarsest = size < 2 * Math.max(kernel.r(), kernel.s());
      if (work <= (size > FINE ? budget / 16 : budget) || coarsest) {
        return new SymbolBound(kernel, atLeast(a, kernel.r()), atLeast(b, kernel.s()));
      }
    }
    return new SymbolBound(kernel, atLeast(2, kernel.r()), atLeast(2, kernel.s()));
  }

  private static int atLeast(int size, int taps) {
    return taps == 1 ? 1 : Math.max(size, 2 * taps);
  }

  int n1() {
    return n1;
  }

  int n2() {
    return n2;
  }

  /** Guaranteed upper bound of the norm. The number of threads does not change a bit of it. */
  double upper(int threads) {
    return upper(threads, GramIteration::new);
  }

  /** The same with another way to form products; each thread makes its own. */
  double upper(int threads, Supplier<GramIteration> iterations) {
    double error = evaluationError();
    double grid = gridMaximum(threads, error, iterations);
    double factor = Rounding.mulDown(cosDown(kernel.r(), n1), cosDown(kernel.s(), n2));
    return Rounding.divUp(grid, factor);
  }

  /**
   * ||fl(A(w)) - A(w)||_F: table entries are within 14 u, and each of the sums has taps + 1
   * roundings; real and imaginary part.
   */
  private double evaluationError() {
    double[] sums = kernel.absoluteSums();
    if (!Double.isFinite(Rounding.maxAbs(sums))) {
      return Double.POSITIVE_INFINITY;
    }
    int taps = kernel.taps();
    double norm = Rounding.mulUp(Rounding.normUp(sums), addGamma(taps));
    return 2 * Rounding.mulUp(Rounding.gamma(taps + 16), norm);
  }

  private static double addGamma(int n) {
    return Rounding.addUp(1, Rounding.gamma(n));
  }

  /**
   * Largest upper bound over the grid. Frequencies come in descending order of their Frobenius
   * norm, and each is refined only until it falls under the largest one already refined to the end,
   * which leaves the result independent of the order.
   */
  private double gridMaximum(int threads, double error, Supplier<GramIteration> iterations) {
    if (!Double.isFinite(error)) {
      return Double.POSITIVE_INFINITY;
    }
    List<Frequency> all = frequencies();
    Maximum best = new Maximum();
    Workers.run(
        threads,
        all.size(),
        () -> {
          GramIteration iteration = iterations.get();
          return index -> {
            Frequency f = all.get(index);
            double enough = best.get();
            if (f.frobenius() > enough) {
              best.offer(iteration.upper(evaluate(f.i(), f.j()), STEPS, enough));
            }
          };
        });
    return Rounding.addUp(best.get(), error);
  }

  private static final class Maximum {
    private double value;

    synchronized double get() {
      return value;
    }

    synchronized void offer(double v) {
      value = Math.max(value, v);
    }
  }

  /** One of each pair w, -w: A(-w) is the conjugate. */
  private List<Frequency> frequencies() {
    List<Frequency> list = new ArrayList<>();
    for (int i = 0; i <= n1 / 2; i++) {
      boolean own = i == 0 || 2 * i == n1;
      for (int j = 0; j < (own ? n2 / 2 + 1 : n2); j++) {
        list.add(new Frequency(i, j, evaluate(i, j).frobeniusUp()));
      }
    }
    list.sort(Comparator.comparingDouble(Frequency::frobenius).reversed());
    return list;
  }

  /** A at frequency 2 pi (i/n1, j/n2). */
  Planes evaluate(int i, int j) {
    int size = kernel.d() * kernel.c();
    double[] re = new double[size];
    double[] im = new double[size];
    int n = n1 * n2;
    for (int u = 0; u < kernel.r(); u++) {
      for (int v = 0; v < kernel.s(); v++) {
        int m = (int) (((long) u * i * n2 + (long) v * j * n1) % n);
        axpy(cos[m], kernel.weights()[u * kernel.s() + v], re);
        axpy(-sin[m], kernel.weights()[u * kernel.s() + v], im);
      }
    }
    return new Planes(re, im, kernel.d(), kernel.c());
  }

  private static void axpy(double f, double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      y[i] += f * x[i];
    }
  }

  /** cos(pi (k-1) / (2N)), rounded down. */
  private static double cosDown(int k, int n) {
    double angle = Math.PI * (k - 1) / (2.0 * n);
    angle *= 1 + 0x1p-50;
    return k == 1 ? 1 : StrictMath.cos(angle) * (1 - 0x1p-50);
  }
}
