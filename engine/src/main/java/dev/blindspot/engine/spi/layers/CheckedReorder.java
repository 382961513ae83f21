package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ReorderDesc;
import dev.blindspot.engine.primitives.ReorderPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A reorder whose tensors fit. */
public abstract class CheckedReorder extends BasePlan<ReorderDesc> implements ReorderPlan {

  protected CheckedReorder(Backend backend, ReorderDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long length = (long) desc().c() * desc().h() * desc().w();
    long n = batch("x", x, desc().type(), desc().n(), length);
    rows("y", y, desc().type(), n, length);
    distinct("y", y, "x", x, false);
    run(ctx, n, x, y);
  }

  protected abstract void run(Context ctx, long n, Tensor x, Tensor y);
}
