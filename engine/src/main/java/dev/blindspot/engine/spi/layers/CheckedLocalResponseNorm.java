package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.LocalResponseNormPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A local response normalisation whose tensors fit. */
public abstract class CheckedLocalResponseNorm extends BasePlan<LocalResponseNormDesc>
    implements LocalResponseNormPlan {

  protected CheckedLocalResponseNorm(
      Backend backend, LocalResponseNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected final boolean acceptsChannelsLast() {
    return false;
  }

  @Override
  public final void forward(Context ctx, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), desc().c() * desc().spatial());
    rows("y", y, desc().type(), n, desc().c() * desc().spatial());
    distinct("y", y, "x", x, false);
    runForward(ctx, n, x, y);
  }

  @Override
  public final void backwardData(Context ctx, Tensor x, Tensor dy, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("x", x, desc().type(), desc().n(), desc().c() * desc().spatial());
    rows("dy", dy, desc().type(), n, desc().c() * desc().spatial());
    rows("dx", dx, desc().type(), n, desc().c() * desc().spatial());
    distinct("dx", dx, "x", x, false);
    distinct("dx", dx, "dy", dy, false);
    runBackwardData(ctx, n, x, dy, dx);
  }

  protected abstract void runForward(Context ctx, long n, Tensor x, Tensor y);

  protected abstract void runBackwardData(Context ctx, long n, Tensor x, Tensor dy, Tensor dx);
}
