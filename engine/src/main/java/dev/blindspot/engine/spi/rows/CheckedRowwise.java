package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwisePlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A row-wise operation whose tensors fit. */
public abstract class CheckedRowwise extends BasePlan<RowwiseDesc> implements RowwisePlan {

  protected CheckedRowwise(Backend backend, RowwiseDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor alpha, Tensor a, Tensor y) {
    planned(Direction.FORWARD);
    long length = desc().length();
    long n = batch("a", a, desc().type(), desc().n(), length);
    rows("alpha", alpha, desc().type(), n, 1);
    rows("y", y, desc().type(), n, length);
    distinct("y", y, "a", a, true);
    distinct("y", y, "alpha", alpha, length == 1);
    run(ctx, n, alpha, a, y);
  }

  protected abstract void run(Context ctx, long n, Tensor alpha, Tensor a, Tensor y);
}
