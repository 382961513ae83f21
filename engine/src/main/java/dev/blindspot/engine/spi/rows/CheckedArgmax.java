package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.primitives.ArgmaxPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** An argmax whose tensors fit. */
public abstract class CheckedArgmax extends BasePlan<ArgmaxDesc> implements ArgmaxPlan {

  protected CheckedArgmax(Backend backend, ArgmaxDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor x, Tensor index) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), desc().length());
    rows("index", index, ElementType.I32, n, 1);
    distinct("index", index, "x", x, false);
    run(ctx, n, x, index);
  }

  protected abstract void run(Context ctx, long n, Tensor x, Tensor index);
}
