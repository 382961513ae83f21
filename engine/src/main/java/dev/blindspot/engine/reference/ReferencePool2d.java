package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Layout;
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
                  ? in.get(at(plane, first(in, plane, i, j), d.h() * d.w()))
                  : sum(in, plane, i, j) / divisor(i, j);
          out.set(at(plane, i * d.q() + j, d.p() * d.q()), v);
        }
      }
    }
  }

  /** Where cell {@code cell} of so many of a plane lies; planes count channels of images. */
  private long at(long plane, int cell, int cells) {
    if (desc().layout() != Layout.NHWC) {
      return plane * cells + cell;
    }
    long c = desc().c();
    return (plane / c * cells + cell) * c + plane % c;
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

  /** Cell of the window's maximum: the first of equals, the first NaN if there is one. */
  private int first(Cells x, long plane, int i, int j) {
    int best = -1;
    double most = 0;
    for (int row = top(i); row < bottom(i); row++) {
      for (int column = left(j); column < right(j); column++) {
        int cell = row * desc().w() + column;
        double v = x.get(at(plane, cell, desc().h() * desc().w()));
        if (best < 0 || v > most || (Double.isNaN(v) && !Double.isNaN(most))) {
          best = cell;
          most = v;
        }
      }
    }
    return best;
  }

  private double sum(Cells x, long plane, int i, int j) {
    double sum = 0;
    for (int row = top(i); row < bottom(i); row++) {
      for (int column = left(j); column < right(j); column++) {
        sum += x.get(at(plane, row * desc().w() + column, desc().h() * desc().w()));
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
          double g = gradient.get(at(plane, i * d.q() + j, d.p() * d.q()));
          if (d.pooling() == Pooling.MAX) {
            sums[first(in, plane, i, j)] += g;
          } else {
            spread(sums, i, j, g / divisor(i, j));
          }
        }
      }
      for (int k = 0; k < area; k++) {
        long at = at(plane, k, area);
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
