package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.primitives.SelectPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A selection whose tensors fit. */
public abstract class CheckedSelect extends BasePlan<SelectDesc> implements SelectPlan {

  protected CheckedSelect(Backend backend, SelectDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor mask, Tensor a, Tensor b, Tensor y) {
    planned(Direction.FORWARD);
    long length = desc().length();
    long n = batch("y", y, desc().type(), desc().n(), length);
    rows("mask", mask, ElementType.U8, n, desc().perRow() ? 1 : length);
    rows("a", a, desc().type(), n, length);
    rows("b", b, desc().type(), n, length);
    distinct("y", y, "mask", mask, false);
    distinct("y", y, "a", a, true);
    distinct("y", y, "b", b, true);
    run(ctx, n, mask, a, b, y);
  }

  protected abstract void run(Context ctx, long n, Tensor mask, Tensor a, Tensor b, Tensor y);
}
