package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;

/** Lipschitz constants of pooling. */
public final class PoolBounds {
  private PoolBounds() {}

  /**
   * Max-pool: the square root of how many windows the most shared pixel lies in, attained by an
   * image that is zero elsewhere; 1 without overlap, 2 for 3x3 windows of stride 2. Average-pool: a
   * linear map, the Kronecker product of one map for each direction.
   */
  public static LayerBound of(String name, Pool2dDesc d) {
    if (d.pooling() == Pooling.MAX) {
      long windows =
          (long) windows(d.h(), d.r(), d.strideH(), d.padTop(), d.p())
              * windows(d.w(), d.s(), d.strideW(), d.padLeft(), d.q());
      double root = Math.sqrt(windows);
      double upper = root * root == windows ? root : Math.nextUp(root);
      double lower = upper == root ? root : Math.nextDown(root);
      return new LayerBound(name, "MaxPool", lower, upper, "windows of one pixel");
    }
    boolean all = d.pooling() == Pooling.AVERAGE_INCLUDE_PAD;
    double[] rows = average(d.h(), d.r(), d.strideH(), d.padTop(), d.p(), all);
    double[] columns = average(d.w(), d.s(), d.strideW(), d.padLeft(), d.q(), all);
    double upper = Rounding.mulUp(upper(rows, d.p(), d.h()), upper(columns, d.q(), d.w()));
    double lower =
        Rounding.mulDown(
            Lanczos.lower(new DenseOperator(rows, d.p(), d.h()), 1e7),
            Lanczos.lower(new DenseOperator(columns, d.q(), d.w()), 1e7));
    lower *= 1 - 0x1p-50;
    return new LayerBound(name, "AveragePool", Math.min(lower, upper), upper, "gram");
  }

  /** Most windows that a pixel of the input lies in, along one direction. */
  static int windows(int size, int window, int stride, int pad, int count) {
    int most = 0;
    for (int x = 0; x < size; x++) {
      int in = 0;
      for (int i = Math.max(0, (x + pad - window + 1) / stride - 1); i < count; i++) {
        int start = i * stride - pad;
        if (start > x) {
          break;
        }
        in += x < start + window ? 1 : 0;
      }
      most = Math.max(most, in);
    }
    return most;
  }

  /** The map [count,size] of averages along one direction; entries within u of exact. */
  private static double[] average(
      int size, int window, int stride, int pad, int count, boolean all) {
    double[] a = new double[count * size];
    for (int i = 0; i < count; i++) {
      int from = Math.max(0, i * stride - pad);
      int to = Math.min(size, i * stride - pad + window);
      for (int x = from; x < to; x++) {
        a[i * size + x] = 1.0 / (all ? window : to - from);
      }
    }
    return a;
  }

  private static double upper(double[] a, int rows, int cols) {
    double rounded = Rounding.mulUp(Rounding.U, Rounding.normUp(a));
    return Rounding.addUp(GramIteration.upper(a, rows, cols), rounded);
  }
}
