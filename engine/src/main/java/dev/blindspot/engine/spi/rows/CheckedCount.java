package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.primitives.CountPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A count whose tensors fit. */
public abstract class CheckedCount extends BasePlan<CountDesc> implements CountPlan {

  protected CheckedCount(Backend backend, CountDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor mask, Tensor count) {
    planned(Direction.FORWARD);
    long n = batch("mask", mask, ElementType.U8, desc().n(), desc().length());
    rows("count", count, ElementType.I32, desc().perRow() ? n : 1, 1);
    distinct("count", count, "mask", mask, false);
    boolean perRow = desc().perRow();
    run(ctx, perRow ? n : 1, perRow ? desc().length() : n * desc().length(), mask, count);
  }

  /** Counts stretches of a mask: one for each row, or one in all. */
  protected abstract void run(Context ctx, long stretches, long length, Tensor mask, Tensor count);
}
