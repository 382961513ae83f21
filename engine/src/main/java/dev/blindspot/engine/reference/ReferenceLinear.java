package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Dense layer by three nested loops; every sum in double, rounded once. */
final class ReferenceLinear extends BasePlan<LinearDesc> implements LinearPlan {
  private final ReferenceBackend backend;
  private final long wLength;

  static void register(ReferenceBackend backend) {
    backend.add(LinearDesc.class, (d, o, i) -> new ReferenceLinear(backend, d, o, i));
  }

  private ReferenceLinear(
      ReferenceBackend backend, LinearDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    wLength = (long) d.k() * d.c();
  }

  @Override
  public PackedWeights pack(Context ctx, Tensor w) {
    elements("w", w, desc().type(), wLength);
    return new ReferencePackedWeights(backend, w);
  }

  @Override
  public void repack(Context ctx, Tensor w, PackedWeights p) {
    elements("w", w, desc().type(), wLength);
    ReferencePackedWeights.cells(desc().summary(), p, wLength);
    ((ReferencePackedWeights) p).update(w);
  }

  @Override
  public void forward(Context ctx, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    planned(Direction.FORWARD);
    LinearDesc d = desc();
    long n = batch("x", x, d.type(), d.n(), d.c());
    rows("y", y, d.type(), n, d.k());
    distinct("y", y, "x", x, false);
    if (d.post().contains(PostOp.BIAS)) {
      elements("b", b, d.type(), d.k());
    }
    if (d.post().contains(PostOp.RESIDUAL_ADD)) {
      rows("residual", residual, d.type(), n, d.k());
    }
    Cells in = Cells.of(x);
    Cells w = ReferencePackedWeights.cells(d.summary(), p, wLength);
    Cells bias = Cells.of(b);
    Cells added = Cells.of(residual);
    Cells out = Cells.of(y);
    for (long i = 0; i < n; i++) {
      for (int k = 0; k < d.k(); k++) {
        double sum = 0;
        for (int c = 0; c < d.c(); c++) {
          sum += in.get(i * d.c() + c) * w.get((long) k * d.c() + c);
        }
        out.set(i * d.k() + k, post(sum, bias, k, added, i * d.k() + k));
      }
    }
  }

  private double post(double value, Cells b, int k, Cells residual, long at) {
    double y = value;
    for (PostOp op : desc().post()) {
      y =
          switch (op) {
            case BIAS -> y + b.get(k);
            case RESIDUAL_ADD -> y + residual.get(at);
            case RELU -> Math.max(0, y);
          };
    }
    return y;
  }

  @Override
  public void backwardData(Context ctx, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    LinearDesc d = desc();
    long n = batch("dy", dy, d.type(), d.n(), d.k());
    rows("dx", dx, d.type(), n, d.c());
    distinct("dx", dx, "dy", dy, false);
    if (d.reluMask()) {
      rows("mask", mask, d.type(), n, d.c());
    }
    Cells gradient = Cells.of(dy);
    Cells w = ReferencePackedWeights.cells(d.summary(), p, wLength);
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
  public void backwardWeights(Context ctx, Tensor x, Tensor dy, Tensor dw) {
    planned(Direction.BACKWARD_WEIGHTS);
    LinearDesc d = desc();
    long n = batch("x", x, d.type(), d.n(), d.c());
    rows("dy", dy, d.type(), n, d.k());
    elements("dw", dw, d.type(), wLength);
    distinct("dw", dw, "x", x, false);
    distinct("dw", dw, "dy", dy, false);
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
