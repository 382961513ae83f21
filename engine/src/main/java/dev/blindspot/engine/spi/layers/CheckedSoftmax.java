package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import dev.blindspot.engine.primitives.SoftmaxPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A softmax whose tensors fit. */
public abstract class CheckedSoftmax extends BasePlan<SoftmaxDesc> implements SoftmaxPlan {

  protected CheckedSoftmax(Backend backend, SoftmaxDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void forward(Context ctx, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), desc().length());
    rows("y", y, desc().type(), n, desc().length());
    distinct("y", y, "x", x, true);
    runForward(ctx, n, x, y);
  }

  @Override
  public final void backwardData(Context ctx, Tensor y, Tensor dy, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("y", y, desc().type(), desc().n(), desc().length());
    rows("dy", dy, desc().type(), n, desc().length());
    rows("dx", dx, desc().type(), n, desc().length());
    distinct("dx", dx, "y", y, false);
    distinct("dx", dx, "dy", dy, true);
    runBackwardData(ctx, n, y, dy, dx);
  }

  protected abstract void runForward(Context ctx, long n, Tensor x, Tensor y);

  protected abstract void runBackwardData(Context ctx, long n, Tensor y, Tensor dy, Tensor dx);
}
