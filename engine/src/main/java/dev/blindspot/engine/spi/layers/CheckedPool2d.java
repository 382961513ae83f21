package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pool2dPlan;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A pooling whose tensors fit. */
public abstract class CheckedPool2d extends BasePlan<Pool2dDesc> implements Pool2dPlan {

  protected CheckedPool2d(Backend backend, Pool2dDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected final boolean acceptsChannelsLast() {
    return desc().layout() == Layout.NHWC;
  }

  /** Images must lie as planned; what is no image is of rows that do. */
  private void layout(String name, Tensor t) {
    if (t.shape().rank() == 4 && t.layout() != Layout.NHWC && acceptsChannelsLast()) {
      throw new InvalidInputException(
          desc().summary() + ": " + name + " is " + t + "; planned is NHWC (reorder first)");
    }
  }

  private long xLength() {
    return (long) desc().c() * desc().h() * desc().w();
  }

  private long yLength() {
    return (long) desc().c() * desc().p() * desc().q();
  }

  @Override
  public final void forward(Context ctx, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), xLength());
    rows("y", y, desc().type(), n, yLength());
    distinct("y", y, "x", x, false);
    layout("x", x);
    layout("y", y);
    runForward(ctx, n, x, y);
  }

  @Override
  public final void backwardData(Context ctx, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("dy", dy, desc().type(), desc().n(), yLength());
    rows("dx", dx, desc().type(), n, xLength());
    distinct("dx", dx, "dy", dy, false);
    layout("dy", dy);
    layout("dx", dx);
    boolean max = desc().pooling() == Pooling.MAX;
    boolean readsX = max || desc().reluMask();
    if (readsX) {
      rows("x", x, desc().type(), n, xLength());
      distinct("dx", dx, "x", x, false);
      layout("x", x);
    }
    if (max) {
      rows("y", y, desc().type(), n, yLength());
      distinct("dx", dx, "y", y, false);
    }
    runBackwardData(ctx, n, readsX ? x : null, max ? y : null, dy, dx);
  }

  protected abstract void runForward(Context ctx, long n, Tensor x, Tensor y);

  /** x is null but for MAX or with a mask, y but for MAX. */
  protected abstract void runBackwardData(
      Context ctx, long n, Tensor x, Tensor y, Tensor dy, Tensor dx);
}
