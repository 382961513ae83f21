package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.LossPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A loss whose tensors fit. */
public abstract class CheckedLoss extends BasePlan<LossDesc> implements LossPlan {

  protected CheckedLoss(Backend backend, LossDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(
      Context ctx, Tensor z, Tensor labels, double scale, Tensor loss, Tensor dz) {
    planned(Direction.FORWARD);
    long n = batch("z", z, desc().type(), desc().n(), desc().classes());
    rows("labels", labels, ElementType.I32, n, 1);
    if (loss != null) {
      rows("loss", loss, desc().type(), n, 1);
      distinct("loss", loss, "z", z, false);
    }
    if (dz != null) {
      rows("dz", dz, desc().type(), n, desc().classes());
      distinct("dz", dz, "z", z, true);
    }
    run(ctx, n, z, labels, scale, loss, dz);
  }

  /** loss or dz may be null. */
  protected abstract void run(
      Context ctx, long n, Tensor z, Tensor labels, double scale, Tensor loss, Tensor dz);
}
