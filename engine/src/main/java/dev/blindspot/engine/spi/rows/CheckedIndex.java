package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.primitives.IndexPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A copy by index whose tensors fit; the indices themselves are not looked at. */
public abstract class CheckedIndex extends BasePlan<IndexDesc> implements IndexPlan {

  protected CheckedIndex(Backend backend, IndexDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor index, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("index", index, ElementType.I32, desc().n(), 1);
    long bound = check(x, y, n);
    distinct("y", y, "x", x, false);
    distinct("y", y, "index", index, false);
    run(ctx, n, bound, index, x, y);
  }

  /** Refuses wrong shapes; returns the bound of the indices. */
  private long check(Tensor x, Tensor y, long n) {
    long length = desc().length();
    return switch (desc().op()) {
      case GATHER_ROWS -> {
        rows("y", y, desc().type(), n, length);
        yield batch("x", x, desc().type(), desc().rows(), length);
      }
      case SCATTER_ROWS -> {
        rows("x", x, desc().type(), n, length);
        yield batch("y", y, desc().type(), desc().rows(), length);
      }
      case GATHER_ELEMENTS -> {
        rows("x", x, desc().type(), n, length);
        rows("y", y, desc().type(), n, 1);
        yield length;
      }
    };
  }

  /** Valid indices are 0..bound-1. */
  protected abstract void run(Context ctx, long n, long bound, Tensor index, Tensor x, Tensor y);
}
