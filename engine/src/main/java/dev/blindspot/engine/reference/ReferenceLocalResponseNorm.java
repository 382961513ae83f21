package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedLocalResponseNorm;

/** Local response normalisation across channels by the formula. */
final class ReferenceLocalResponseNorm extends CheckedLocalResponseNorm {

  static void register(ReferenceBackend backend) {
    backend.add(
        LocalResponseNormDesc.class, (d, o, i) -> new ReferenceLocalResponseNorm(backend, d, o, i));
  }

  private ReferenceLocalResponseNorm(
      ReferenceBackend backend, LocalResponseNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    LocalResponseNormDesc d = desc();
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (long image = 0; image < n; image++) {
      for (int c = 0; c < d.c(); c++) {
        for (long at = 0; at < d.spatial(); at++) {
          long i = index(image, c, at);
          out.set(i, in.get(i) * Math.pow(base(in, image, c, at), -d.beta()));
        }
      }
    }
  }

  private long index(long image, int c, long at) {
    return (image * desc().c() + c) * desc().spatial() + at;
  }

  private int first(int c) {
    return Math.max(0, c - (desc().size() - 1) / 2);
  }

  private int last(int c) {
    return Math.min(desc().c() - 1, c + desc().size() / 2);
  }

  /** bias + alpha/size sum of squares in the window of channel c. */
  private double base(Cells x, long image, int c, long at) {
    double sum = 0;
    for (int j = first(c); j <= last(c); j++) {
      double v = x.get(index(image, j, at));
      sum += v * v;
    }
    return desc().bias() + desc().alpha() / desc().size() * sum;
  }

  /**
   * dx_j = dy_j base_j^-beta - 2 alpha beta / size x_j sum over windows i that hold j of dy_i x_i
   * base_i^(-beta-1).
   */
  @Override
  protected void runBackwardData(Context ctx, long n, Tensor x, Tensor dy, Tensor dx) {
    LocalResponseNormDesc d = desc();
    Cells in = Cells.of(x);
    Cells gradient = Cells.of(dy);
    Cells result = Cells.of(dx);
    double factor = 2 * d.alpha() * d.beta() / d.size();
    for (long image = 0; image < n; image++) {
      for (int j = 0; j < d.c(); j++) {
        for (long at = 0; at < d.spatial(); at++) {
          double sum = 0;
          for (int i = Math.max(0, j - d.size()); i < Math.min(d.c(), j + d.size() + 1); i++) {
            if (first(i) <= j && j <= last(i)) {
              long k = index(image, i, at);
              sum += gradient.get(k) * in.get(k) * Math.pow(base(in, image, i, at), -d.beta() - 1);
            }
          }
          long k = index(image, j, at);
          double own = gradient.get(k) * Math.pow(base(in, image, j, at), -d.beta());
          give(result, k, own - factor * in.get(k) * sum);
        }
      }
    }
  }

  /** Stores or, with the accumulate option, adds a gradient. */
  private void give(Cells dx, long i, double g) {
    dx.set(i, options().accumulate() ? dx.get(i) + g : g);
  }
}
