package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedPool2d;
import java.util.Arrays;

/** Pooling, window by window. */
final class ReferencePool2d extends CheckedPool2d {

  static void register(ReferenceBackend backend) {
    backend.add(Pool2dDesc.class, (d, o, i) -> new ReferencePool2d(backend, d, o, i));
  }

  private ReferencePool2d(
      ReferenceBackend backend, Pool2dDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    Pool2dDesc d = desc();
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (long plane = 0; plane < n * d.c(); plane++) {
      for (int i = 0; i < d.p(); i++) {
        for (int j = 0; j < d.q(); j++) {
          double v =
              d.pooling() == Pooling.MAX
                  ? in.get(first(in, plane, i, j))
                  : sum(in, plane, i, j) / divisor(i, j);
          out.set((plane * d.p() + i) * d.q() + j, v);
        }
      }
    }
  }

  private int top(int i) {
    return Math.max(0, i * desc().strideH() - desc().padTop());
  }

  private int bottom(int i) {
    return Math.min(desc().h(), i * desc().strideH() - desc().padTop() + desc().r());
  }

  private int left(int j) {
    return Math.max(0, j * desc().strideW() - desc().padLeft());
  }

  private int right(int j) {
    return Math.min(desc().w(), j * desc().strideW() - desc().padLeft() + desc().s());
  }

  /** Index of the window's maximum: the first of equals, the first NaN if there is one. */
  private long first(Cells x, long plane, int i, int j) {
    long best = -1;
    for (int row = top(i); row < bottom(i); row++) {
      for (int column = left(j); column < right(j); column++) {
        long at = (plane * desc().h() + row) * desc().w() + column;
        double v = x.get(at);
        if (best < 0 || v > x.get(best) || (Double.isNaN(v) && !Double.isNaN(x.get(best)))) {
          best = at;
        }
      }
    }
    return best;
  }

  private double sum(Cells x, long plane, int i, int j) {
    double sum = 0;
    for (int row = top(i); row < bottom(i); row++) {
      for (int column = left(j); column < right(j); column++) {
        sum += x.get((plane * desc().h() + row) * desc().w() + column);
      }
    }
    return sum;
  }

  private double divisor(int i, int j) {
    return desc().pooling() == Pooling.AVERAGE_INCLUDE_PAD
        ? (double) desc().r() * desc().s()
        : (double) (bottom(i) - top(i)) * (right(j) - left(j));
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    Pool2dDesc d = desc();
    Cells in = x == null ? null : Cells.of(x);
    Cells gradient = Cells.of(dy);
    Cells out = Cells.of(dx);
    int area = d.h() * d.w();
    double[] sums = new double[area];
    for (long plane = 0; plane < n * d.c(); plane++) {
      Arrays.fill(sums, 0);
      for (int i = 0; i < d.p(); i++) {
        for (int j = 0; j < d.q(); j++) {
          double g = gradient.get((plane * d.p() + i) * d.q() + j);
          if (d.pooling() == Pooling.MAX) {
            sums[(int) (first(in, plane, i, j) - plane * area)] += g;
          } else {
            spread(sums, i, j, g / divisor(i, j));
          }
        }
      }
      for (int k = 0; k < area; k++) {
        long at = plane * area + k;
        give(out, at, d.reluMask() ? masked(sums[k], in.get(at)) : sums[k]);
      }
    }
  }

  private void spread(double[] sums, int i, int j, double g) {
    for (int row = top(i); row < bottom(i); row++) {
      for (int column = left(j); column < right(j); column++) {
        sums[row * desc().w() + column] += g;
      }
    }
  }

  private static double masked(double gradient, double saved) {
    return saved > 0 ? gradient : Double.isNaN(saved) ? saved : 0;
  }

  /** Stores or, with the accumulate option, adds a gradient. */
  private void give(Cells dx, long i, double g) {
    dx.set(i, options().accumulate() ? dx.get(i) + g : g);
  }
}
