package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedWeighted;

/** Dense layer by three nested loops; every sum in double, rounded once. */
final class ReferenceLinear extends CheckedWeighted<LinearDesc> implements LinearPlan {
  private final ReferenceBackend backend;

  static void register(ReferenceBackend backend) {
    backend.add(LinearDesc.class, (d, o, i) -> new ReferenceLinear(backend, d, o, i));
  }

  private ReferenceLinear(
      ReferenceBackend backend, LinearDesc d, PlanOptions o, Implementation<?, ?> i) {
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
    LinearDesc d = desc();
    Cells in = Cells.of(x);
    Cells w = ReferencePackedWeights.of(d.summary(), p, sizes().w()).cells();
    Cells bias = Cells.of(b);
    Cells added = Cells.of(residual);
    Cells out = Cells.of(y);
    for (long i = 0; i < n; i++) {
      for (int k = 0; k < d.k(); k++) {
        double sum = 0;
        for (int c = 0; c < d.c(); c++) {
          sum += in.get(i * d.c() + c) * w.get((long) k * d.c() + c);
        }
        out.set(
            i * d.k() + k, ReferencePostOps.apply(d.post(), sum, bias, k, added, i * d.k() + k));
      }
    }
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    LinearDesc d = desc();
    Cells gradient = Cells.of(dy);
    Cells w = ReferencePackedWeights.of(d.summary(), p, sizes().w()).cells();
    Cells saved = Cells.of(mask);
    Cells out = Cells.of(dx);
    for (long i = 0; i < n; i++) {
      for (int c = 0; c < d.c(); c++) {
        double sum = 0;
        for (int k = 0; k < d.k(); k++) {
          sum += gradient.get(i * d.k() + k) * w.get((long) k * d.c() + c);
        }
        long at = i * d.c() + c;
        if (d.reluMask() && !(saved.get(at) > 0)) {
          sum = Double.isNaN(saved.get(at)) ? Double.NaN : 0;
        }
        out.set(at, options().accumulate() ? out.get(at) + sum : sum);
      }
    }
  }

  @Override
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    LinearDesc d = desc();
    Cells in = Cells.of(x);
    Cells gradient = Cells.of(dy);
    Cells out = Cells.of(dw);
    for (int k = 0; k < d.k(); k++) {
      for (int c = 0; c < d.c(); c++) {
        double sum = 0;
        for (long i = 0; i < n; i++) {
          sum += gradient.get(i * d.k() + k) * in.get(i * d.c() + c);
        }
        long at = (long) k * d.c() + c;
        out.set(at, options().accumulate() ? out.get(at) + sum : sum);
      }
    }
  }
}
