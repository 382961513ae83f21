package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedWeighted;

/** Convolution by seven nested loops; every sum in double, rounded once. */
final class ReferenceConv2d extends CheckedWeighted<Conv2dDesc> implements Conv2dPlan {
  private final ReferenceBackend backend;

  static void register(ReferenceBackend backend) {
    backend.add(Conv2dDesc.class, (d, o, i) -> new ReferenceConv2d(backend, d, o, i));
  }

  private ReferenceConv2d(
      ReferenceBackend backend, Conv2dDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return new ReferencePackedWeights(backend, w);
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    ReferencePackedWeights.of(desc().summary(), p, sizes().w()).update(w);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    Conv2dDesc d = desc();
    Cells in = Cells.of(x);
    Cells weights = ReferencePackedWeights.of(d.summary(), p, sizes().w()).cells();
    Cells bias = Cells.of(b);
    Cells added = Cells.of(residual);
    Cells out = Cells.of(y);
    for (long image = 0; image < n; image++) {
      for (int k = 0; k < d.k(); k++) {
        for (int i = 0; i < d.p(); i++) {
          for (int j = 0; j < d.q(); j++) {
            long at = y(image, k, i, j);
            double sum = window(in, weights, image, k, i, j);
            out.set(at, ReferencePostOps.apply(d.post(), sum, bias, k, added, at));
          }
        }
      }
    }
  }

  /** sum over c, u, v of w[k,c,u,v] x[n,c,row,column]. */
  private double window(Cells x, Cells w, long n, int k, int i, int j) {
    Conv2dDesc d = desc();
    int channels = d.c() / d.groups();
    int first = k / (d.k() / d.groups()) * channels;
    double sum = 0;
    for (int c = 0; c < channels; c++) {
      for (int u = 0; u < d.r(); u++) {
        int row = i * d.strideH() - d.padTop() + u * d.dilationH();
        if (row < 0 || row >= d.h()) {
          continue;
        }
        for (int v = 0; v < d.s(); v++) {
          int column = j * d.strideW() - d.padLeft() + v * d.dilationW();
          if (column >= 0 && column < d.w()) {
            sum += w.get(w(k, c, u, v)) * x.get(x(n, first + c, row, column));
          }
        }
      }
    }
    return sum;
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    Conv2dDesc d = desc();
    Cells gradient = Cells.of(dy);
    Cells weights = ReferencePackedWeights.of(d.summary(), p, sizes().w()).cells();
    Cells saved = Cells.of(mask);
    Cells out = Cells.of(dx);
    for (long image = 0; image < n; image++) {
      for (int c = 0; c < d.c(); c++) {
        for (int row = 0; row < d.h(); row++) {
          for (int column = 0; column < d.w(); column++) {
            long at = x(image, c, row, column);
            double sum = adjoint(gradient, weights, image, c, row, column);
            if (d.reluMask() && !(saved.get(at) > 0)) {
              sum = Double.isNaN(saved.get(at)) ? Double.NaN : 0;
            }
            out.set(at, options().accumulate() ? out.get(at) + sum : sum);
          }
        }
      }
    }
  }

  /** sum of w[k,c,u,v] dy[n,k,i,j] over all outputs whose window holds this cell. */
  private double adjoint(Cells dy, Cells w, long n, int c, int row, int column) {
    Conv2dDesc d = desc();
    int channels = d.c() / d.groups();
    int filters = d.k() / d.groups();
    int firstFilter = c / channels * filters;
    double sum = 0;
    for (int u = 0; u < d.r(); u++) {
      int top = row + d.padTop() - u * d.dilationH();
      if (top < 0 || top % d.strideH() != 0 || top / d.strideH() >= d.p()) {
        continue;
      }
      for (int v = 0; v < d.s(); v++) {
        int left = column + d.padLeft() - v * d.dilationW();
        if (left < 0 || left % d.strideW() != 0 || left / d.strideW() >= d.q()) {
          continue;
        }
        for (int k = firstFilter; k < firstFilter + filters; k++) {
          sum +=
              w.get(w(k, c % channels, u, v))
                  * dy.get(y(n, k, top / d.strideH(), left / d.strideW()));
        }
      }
    }
    return sum;
  }

  @Override
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    Conv2dDesc d = desc();
    Cells in = Cells.of(x);
    Cells gradient = Cells.of(dy);
    Cells out = Cells.of(dw);
    for (int k = 0; k < d.k(); k++) {
      for (int c = 0; c < d.c() / d.groups(); c++) {
        for (int u = 0; u < d.r(); u++) {
          for (int v = 0; v < d.s(); v++) {
            double sum = correlation(in, gradient, n, k, c, u, v);
            long at = w(k, c, u, v);
            out.set(at, options().accumulate() ? out.get(at) + sum : sum);
          }
        }
      }
    }
  }

  /** sum over n, i, j of dy[n,k,i,j] x[n,c,row,column]. */
  private double correlation(Cells x, Cells dy, long n, int k, int c, int u, int v) {
    Conv2dDesc d = desc();
    int channel = k / (d.k() / d.groups()) * (d.c() / d.groups()) + c;
    double sum = 0;
    for (long image = 0; image < n; image++) {
      for (int i = 0; i < d.p(); i++) {
        int row = i * d.strideH() - d.padTop() + u * d.dilationH();
        if (row < 0 || row >= d.h()) {
          continue;
        }
        for (int j = 0; j < d.q(); j++) {
          int column = j * d.strideW() - d.padLeft() + v * d.dilationW();
          if (column >= 0 && column < d.w()) {
            sum += dy.get(y(image, k, i, j)) * x.get(x(image, channel, row, column));
          }
        }
      }
    }
    return sum;
  }

  private long w(int k, int c, int u, int v) {
    return (((long) k * (desc().c() / desc().groups()) + c) * desc().r() + u) * desc().s() + v;
  }

  private long x(long n, int c, int row, int column) {
    Conv2dDesc d = desc();
    return index(d.xLayout(), n, c, row, column, d.c(), d.h(), d.w());
  }

  private long y(long n, int k, int i, int j) {
    Conv2dDesc d = desc();
    return index(d.yLayout(), n, k, i, j, d.k(), d.p(), d.q());
  }

  private static long index(
      Layout layout, long n, int c, int row, int column, int channels, int height, int width) {
    return switch (layout) {
      case NCHW, ANY -> ((n * channels + c) * height + row) * width + column;
      case NHWC -> ((n * height + row) * width + column) * channels + c;
    };
  }
}
