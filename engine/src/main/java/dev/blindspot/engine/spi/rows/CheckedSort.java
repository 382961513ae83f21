package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SortDesc;
import dev.blindspot.engine.primitives.SortPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A sort whose tensors fit. */
public abstract class CheckedSort extends BasePlan<SortDesc> implements SortPlan {

  protected CheckedSort(Backend backend, SortDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor x, Tensor values, Tensor indices) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), desc().length());
    if (values == null && indices == null) {
      throw new InvalidInputException(
          desc().summary() + ": values and indices are both missing; give at least one");
    }
    if (values != null) {
      rows("values", values, desc().type(), n, desc().k());
      distinct("values", values, "x", x, false);
      distinct("values", values, "indices", indices, false);
    }
    if (indices != null) {
      rows("indices", indices, ElementType.I32, n, desc().k());
      distinct("indices", indices, "x", x, false);
    }
    run(ctx, n, x, values, indices);
  }

  /** At most one of values and indices is null. */
  protected abstract void run(Context ctx, long n, Tensor x, Tensor values, Tensor indices);
}
