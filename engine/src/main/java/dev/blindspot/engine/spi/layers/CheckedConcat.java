package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.primitives.ConcatPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;
import java.util.List;

/** A concatenation whose tensors fit. */
public abstract class CheckedConcat extends BasePlan<ConcatDesc> implements ConcatPlan {

  protected CheckedConcat(Backend backend, ConcatDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected final boolean acceptsChannelsLast() {
    return false;
  }

  @Override
  public final void forward(Context ctx, List<Tensor> parts, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("y", y, desc().type(), desc().n(), desc().length());
    count(parts);
    for (int i = 0; i < parts.size(); i++) {
      rows("part", parts.get(i), desc().type(), n, desc().lengths().get(i));
      distinct("y", y, "part", parts.get(i), parts.size() == 1);
    }
    runForward(ctx, n, parts, y);
  }

  @Override
  public final void backwardData(Context ctx, Tensor dy, List<Tensor> parts) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("dy", dy, desc().type(), desc().n(), desc().length());
    count(parts);
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i) != null) {
        rows("part", parts.get(i), desc().type(), n, desc().lengths().get(i));
        distinct("part", parts.get(i), "dy", dy, parts.size() == 1);
      }
    }
    runBackwardData(ctx, n, dy, parts);
  }

  private void count(List<Tensor> parts) {
    if (parts.size() != desc().lengths().size()) {
      throw new InvalidInputException(desc().summary() + ": got " + parts.size() + " parts");
    }
  }

  protected abstract void runForward(Context ctx, long n, List<Tensor> parts, Tensor y);

  /** A null part is skipped. */
  protected abstract void runBackwardData(Context ctx, long n, Tensor dy, List<Tensor> parts);
}
