package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CastDesc;
import dev.blindspot.engine.primitives.CastPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A cast whose tensors fit. */
public abstract class CheckedCast extends BasePlan<CastDesc> implements CastPlan {

  protected CheckedCast(Backend backend, CastDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().from(), desc().n(), desc().length());
    rows("y", y, desc().to(), n, desc().length());
    distinct("y", y, "x", x, desc().from() == desc().to());
    run(ctx, n, x, y);
  }

  protected abstract void run(Context ctx, long n, Tensor x, Tensor y);
}
