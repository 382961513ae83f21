package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedSoftmax;

/** Softmax with the row maximum subtracted. */
final class ReferenceSoftmax extends CheckedSoftmax {

  static void register(ReferenceBackend backend) {
    backend.add(SoftmaxDesc.class, (d, o, i) -> new ReferenceSoftmax(backend, d, o, i));
  }

  private ReferenceSoftmax(
      ReferenceBackend backend, SoftmaxDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    long length = desc().length();
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (long i = 0; i < n; i++) {
      double max = in.get(i * length);
      for (long j = 1; j < length; j++) {
        max = Math.max(max, in.get(i * length + j));
      }
      double sum = 0;
      for (long j = 0; j < length; j++) {
        sum += Math.exp(in.get(i * length + j) - max);
      }
      for (long j = 0; j < length; j++) {
        double shifted = in.get(i * length + j) - max;
        out.set(i * length + j, desc().log() ? shifted - Math.log(sum) : Math.exp(shifted) / sum);
      }
    }
  }

  /** Softmax: dx = y (dy - y.dy). Log-softmax: dx = dy - exp(y) sum(dy). */
  @Override
  protected void runBackwardData(Context ctx, long n, Tensor y, Tensor dy, Tensor dx) {
    long length = desc().length();
    Cells out = Cells.of(y);
    Cells gradient = Cells.of(dy);
    Cells result = Cells.of(dx);
    for (long i = 0; i < n; i++) {
      double sum = 0;
      for (long j = i * length; j < (i + 1) * length; j++) {
        sum += desc().log() ? gradient.get(j) : out.get(j) * gradient.get(j);
      }
      for (long j = i * length; j < (i + 1) * length; j++) {
        double g =
            desc().log()
                ? gradient.get(j) - Math.exp(out.get(j)) * sum
                : out.get(j) * (gradient.get(j) - sum);
        give(result, j, g);
      }
    }
  }

  /** Stores or, with the accumulate option, adds a gradient. */
  private void give(Cells dx, long i, double g) {
    dx.set(i, options().accumulate() ? dx.get(i) + g : g);
  }
}
