package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.BiasPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Bias for each channel by the formula. */
final class ReferenceBias extends BasePlan<BiasDesc> implements BiasPlan {

  static void register(ReferenceBackend backend) {
    backend.add(BiasDesc.class, (d, o, i) -> new ReferenceBias(backend, d, o, i));
  }

  private ReferenceBias(
      ReferenceBackend backend, BiasDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected boolean acceptsChannelsLast() {
    return false;
  }

  @Override
  public void forward(Context ctx, Tensor x, Tensor b, Tensor y) {
    planned(Direction.FORWARD);
    BiasDesc d = desc();
    long length = d.c() * d.spatial();
    long n = batch("x", x, d.type(), d.n(), length);
    elements("b", b, d.type(), d.c());
    rows("y", y, d.type(), n, length);
    distinct("y", y, "x", x, true);
    distinct("y", y, "b", b, false);
    Cells in = Cells.of(x);
    Cells bias = Cells.of(b);
    Cells out = Cells.of(y);
    for (long i = 0; i < n * length; i++) {
      out.set(i, in.get(i) + bias.get(i / d.spatial() % d.c()));
    }
  }

  @Override
  public void backwardWeights(Context ctx, Tensor dy, Tensor db) {
    planned(Direction.BACKWARD_WEIGHTS);
    BiasDesc d = desc();
    long length = d.c() * d.spatial();
    long n = batch("dy", dy, d.type(), d.n(), length);
    elements("db", db, d.type(), d.c());
    distinct("db", db, "dy", dy, false);
    Cells gradient = Cells.of(dy);
    Cells out = Cells.of(db);
    for (int c = 0; c < d.c(); c++) {
      double sum = 0;
      for (long i = 0; i < n; i++) {
        for (long j = 0; j < d.spatial(); j++) {
          sum += gradient.get(i * length + c * d.spatial() + j);
        }
      }
      out.set(c, options().accumulate() ? out.get(c) + sum : sum);
    }
  }
}
