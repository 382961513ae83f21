package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ContrastNormDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedContrastNorm;

/** Contrast normalisation of whole rows by the formula. */
final class ReferenceContrastNorm extends CheckedContrastNorm {

  static void register(ReferenceBackend backend) {
    backend.add(ContrastNormDesc.class, (d, o, i) -> new ReferenceContrastNorm(backend, d, o, i));
  }

  private ReferenceContrastNorm(
      ReferenceBackend backend, ContrastNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    long length = desc().length();
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (long i = 0; i < n; i++) {
      double scale = Math.pow(base(in, i), -desc().gamma());
      for (long j = i * length; j < (i + 1) * length; j++) {
        out.set(j, in.get(j) * scale);
      }
    }
  }

  /** epsilon + ||x||^2 of a row. */
  private double base(Cells x, long row) {
    double sum = desc().epsilon();
    for (long j = row * desc().length(); j < (row + 1) * desc().length(); j++) {
      sum += x.get(j) * x.get(j);
    }
    return sum;
  }

  /** dx = s (dy - 2 gamma x (x.dy) / (epsilon + ||x||^2)), s = (epsilon + ||x||^2)^-gamma. */
  @Override
  protected void runBackwardData(Context ctx, long n, Tensor x, Tensor dy, Tensor dx) {
    long length = desc().length();
    Cells in = Cells.of(x);
    Cells gradient = Cells.of(dy);
    Cells result = Cells.of(dx);
    for (long i = 0; i < n; i++) {
      double base = base(in, i);
      double scale = Math.pow(base, -desc().gamma());
      double dot = 0;
      for (long j = i * length; j < (i + 1) * length; j++) {
        dot += in.get(j) * gradient.get(j);
      }
      for (long j = i * length; j < (i + 1) * length; j++) {
        give(result, j, scale * (gradient.get(j) - 2 * desc().gamma() * in.get(j) * dot / base));
      }
    }
  }

  /** Stores or, with the accumulate option, adds a gradient. */
  private void give(Cells dx, long i, double g) {
    dx.set(i, options().accumulate() ? dx.get(i) + g : g);
  }
}
