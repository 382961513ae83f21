package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.primitives.CountPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Counts true elements. */
final class ReferenceCount extends BasePlan<CountDesc> implements CountPlan {

  static void register(ReferenceBackend backend) {
    backend.add(CountDesc.class, (d, o, i) -> new ReferenceCount(backend, d, o, i));
  }

  private ReferenceCount(
      ReferenceBackend backend, CountDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void execute(Context ctx, Tensor mask, Tensor count) {
    planned(Direction.FORWARD);
    long n = batch("mask", mask, ElementType.U8, desc().n(), desc().length());
    rows("count", count, ElementType.I32, desc().perRow() ? n : 1, 1);
    distinct("count", count, "mask", mask, false);
    Cells in = Cells.of(mask);
    Cells out = Cells.of(count);
    long stretch = desc().perRow() ? desc().length() : n * desc().length();
    for (long i = 0; i < count.size(); i++) {
      long trues = 0;
      for (long j = i * stretch; j < (i + 1) * stretch; j++) {
        trues += in.get(j) != 0 ? 1 : 0;
      }
      out.set(i, trues);
    }
  }
}
