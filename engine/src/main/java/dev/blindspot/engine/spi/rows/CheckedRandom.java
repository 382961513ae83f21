package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.primitives.RandomPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Random numbers whose tensors fit. */
public abstract class CheckedRandom extends BasePlan<RandomDesc> implements RandomPlan {

  protected CheckedRandom(Backend backend, RandomDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, RandomKey key, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("y", y, desc().type(), desc().n(), desc().length());
    if (key.sample() != null) {
      rows("sample", key.sample(), ElementType.I32, n, 1);
      distinct("y", y, "sample", key.sample(), false);
    }
    if (key.step() != null) {
      elements("step", key.step(), ElementType.I32, 1);
      distinct("y", y, "step", key.step(), false);
    }
    run(ctx, n, key, y);
  }

  protected abstract void run(Context ctx, long n, RandomKey key, Tensor y);
}
