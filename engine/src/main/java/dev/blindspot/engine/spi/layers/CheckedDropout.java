package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.DropoutDesc;
import dev.blindspot.engine.primitives.DropoutPlan;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A dropout whose tensors fit. */
public abstract class CheckedDropout extends BasePlan<DropoutDesc> implements DropoutPlan {

  protected CheckedDropout(Backend backend, DropoutDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void forward(Context ctx, RandomKey key, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), desc().length());
    rows("y", y, desc().type(), n, desc().length());
    distinct("y", y, "x", x, true);
    key(key, n);
    run(ctx, n, key, x, y, false);
  }

  @Override
  public final void backwardData(Context ctx, RandomKey key, Tensor dy, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("dy", dy, desc().type(), desc().n(), desc().length());
    rows("dx", dx, desc().type(), n, desc().length());
    distinct("dx", dx, "dy", dy, true);
    key(key, n);
    run(ctx, n, key, dy, dx, options().accumulate());
  }

  private void key(RandomKey key, long n) {
    if (key.sample() != null) {
      rows("sample", key.sample(), ElementType.I32, n, 1);
    }
    if (key.step() != null) {
      elements("step", key.step(), ElementType.I32, 1);
    }
  }

  /** y (= or +=) x / (1 - rate) where the element's uniform number is at least rate, else 0. */
  protected abstract void run(
      Context ctx, long n, RandomKey key, Tensor x, Tensor y, boolean accumulate);
}
