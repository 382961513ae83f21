package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.primitives.MarginPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A margin whose tensors fit. */
public abstract class CheckedMargin extends BasePlan<MarginDesc> implements MarginPlan {

  protected CheckedMargin(Backend backend, MarginDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor z, Tensor labels, Tensor margin) {
    planned(Direction.FORWARD);
    long n = batch("z", z, desc().type(), desc().n(), desc().classes());
    rows("labels", labels, ElementType.I32, n, 1);
    rows("margin", margin, desc().type(), n, 1);
    distinct("margin", margin, "z", z, false);
    run(ctx, n, z, labels, margin);
  }

  protected abstract void run(Context ctx, long n, Tensor z, Tensor labels, Tensor margin);
}
