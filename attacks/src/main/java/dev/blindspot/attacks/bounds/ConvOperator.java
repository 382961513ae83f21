package dev.blindspot.attacks.bounds;

import java.util.Arrays;

/**
 * A convolution as a linear operator on [c,h,w], with its real size, zero padding, stride, dilation
 * and groups. Weights [k,c/groups,r,s].
 */
final class ConvOperator implements LinearOperator {
  /** Multiply-adds for which starting threads pays. */
  private static final double PARALLEL_COST = 2e7;

  private final ConvGeometry g;
  private final double[] weights;
  private final int threads;

  ConvOperator(ConvGeometry g, double[] weights) {
    this(g, weights, 1);
  }

  /** One that spreads large applications over threads; their number does not change a bit. */
  ConvOperator(ConvGeometry g, double[] weights, int threads) {
    this.g = g;
    this.weights = weights;
    this.threads = threads;
  }

  @Override
  public int inputs() {
    return g.inputs();
  }

  @Override
  public int outputs() {
    return g.outputs();
  }

  @Override
  public double cost() {
    return g.cost();
  }

  /** gamma times the Schur bound of the operator of absolute values. */
  @Override
  public double applyError() {
    long terms = (long) g.channelsPerGroup() * g.r() * g.s();
    return Rounding.mulUp(Rounding.gamma(terms + 2), schur());
  }

  /** Upper bound of the norm: sqrt(largest row sum times largest column sum) of |A| (Schur). */
  double schur() {
    int row = g.channelsPerGroup() * g.r() * g.s();
    int window = g.r() * g.s();
    double maxRow = 0;
    for (int k = 0; k < g.k(); k++) {
      double sum = 0;
      for (int i = 0; i < row; i++) {
        sum += Math.abs(weights[k * row + i]);
      }
      maxRow = Math.max(maxRow, sum);
    }
    double maxColumn = 0;
    for (int c = 0; c < g.c(); c++) {
      int group = c / g.channelsPerGroup();
      double sum = 0;
      for (int k = group * g.filtersPerGroup(); k < (group + 1) * g.filtersPerGroup(); k++) {
        int at = k * row + (c % g.channelsPerGroup()) * window;
        for (int i = 0; i < window; i++) {
          sum += Math.abs(weights[at + i]);
        }
      }
      maxColumn = Math.max(maxColumn, sum);
    }
    double product =
        Rounding.mulUp(
            Rounding.sumUp(maxRow, row),
            Rounding.sumUp(maxColumn, (long) g.filtersPerGroup() * window));
    return Rounding.sqrtUp(product);
  }

  @Override
  public void apply(double[] x, double[] y) {
    Arrays.fill(y, 0);
    run(x, y, true);
  }

  @Override
  public void adjoint(double[] y, double[] x) {
    Arrays.fill(x, 0);
    run(x, y, false);
  }

  /** Each task writes its own channel, from weights in the same order whatever the threads. */
  private void run(double[] x, double[] y, boolean forward) {
    int workers = g.cost() < PARALLEL_COST ? 1 : threads;
    if (forward) {
      Workers.run(
          workers,
          g.k(),
          () ->
              k -> {
                int first = k / g.filtersPerGroup() * g.channelsPerGroup();
                for (int i = 0; i < g.channelsPerGroup(); i++) {
                  taps(k, i, first + i, x, y, true);
                }
              });
    } else {
      Workers.run(
          workers,
          g.c(),
          () ->
              c -> {
                int first = c / g.channelsPerGroup() * g.filtersPerGroup();
                for (int k = first; k < first + g.filtersPerGroup(); k++) {
                  taps(k, c % g.channelsPerGroup(), c, x, y, false);
                }
              });
    }
  }

  /** All weights between input channel c, the i-th of its group, and output channel k. */
  private void taps(int k, int i, int c, double[] x, double[] y, boolean forward) {
    int at = (k * g.channelsPerGroup() + i) * g.r() * g.s();
    for (int u = 0; u < g.r(); u++) {
      for (int v = 0; v < g.s(); v++, at++) {
        if (weights[at] != 0) {
          tap(weights[at], k, c, u, v, x, y, forward);
        }
      }
    }
  }

  /** One weight: y[k,i,j] += f x[c, i*stride+..., j*stride+...], or the transpose of it. */
  private void tap(double f, int k, int c, int u, int v, double[] x, double[] y, boolean forward) {
    int offsetH = u * g.dilationH() - g.padTop();
    int offsetW = v * g.dilationW() - g.padLeft();
    int j0 = first(offsetW, g.strideW());
    int j1 = last(offsetW, g.strideW(), g.w(), g.q());
    int i1 = last(offsetH, g.strideH(), g.h(), g.p());
    for (int i = first(offsetH, g.strideH()); i < i1; i++) {
      int yRow = (k * g.p() + i) * g.q();
      int xRow = (c * g.h() + i * g.strideH() + offsetH) * g.w() + offsetW;
      if (g.strideW() != 1) {
        strided(f, x, xRow, y, yRow, j0, j1, forward);
      } else if (forward) {
        axpy(f, x, xRow + j0, y, yRow + j0, j1 - j0);
      } else {
        axpy(f, y, yRow + j0, x, xRow + j0, j1 - j0);
      }
    }
  }

  private static void axpy(double f, double[] from, int a, double[] to, int b, int count) {
    for (int i = 0; i < count; i++) {
      to[b + i] += f * from[a + i];
    }
  }

  private void strided(
      double f, double[] x, int xRow, double[] y, int yRow, int j0, int j1, boolean forward) {
    for (int j = j0; j < j1; j++) {
      if (forward) {
        y[yRow + j] += f * x[xRow + j * g.strideW()];
      } else {
        x[xRow + j * g.strideW()] += f * y[yRow + j];
      }
    }
  }

  /** Smallest i >= 0 with i*stride + offset >= 0. */
  private static int first(int offset, int stride) {
    return offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  }

  /** One more than the largest i < count with i*stride + offset < size. */
  private static int last(int offset, int stride, int size, int count) {
    int room = size - 1 - offset;
    return room < 0 ? 0 : Math.min(count, room / stride + 1);
  }

  /** The matrix [outputs,inputs]; only for small operators. */
  double[] toDense() {
    int m = outputs();
    int n = inputs();
    double[] a = new double[Math.multiplyExact(m, n)];
    double[] e = new double[n];
    double[] y = new double[m];
    for (int j = 0; j < n; j++) {
      e[j] = 1;
      apply(e, y);
      e[j] = 0;
      for (int i = 0; i < m; i++) {
        a[i * n + j] = y[i];
      }
    }
    return a;
  }
}
