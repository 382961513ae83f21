package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.RowReducePlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A row reduction whose tensors fit. */
public abstract class CheckedRowReduce extends BasePlan<RowReduceDesc> implements RowReducePlan {

  protected CheckedRowReduce(
      Backend backend, RowReduceDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor a, Tensor b, Tensor y) {
    planned(Direction.FORWARD);
    long length = desc().length();
    long n = batch("a", a, desc().type(), desc().n(), length);
    rows("y", y, desc().type(), n, 1);
    distinct("y", y, "a", a, length == 1);
    boolean dot = desc().reduction() == Reduction.DOT;
    if (dot) {
      rows("b", b, desc().type(), n, length);
      distinct("y", y, "b", b, length == 1);
    }
    run(ctx, n, a, dot ? b : null, y);
  }

  /** b is null but for DOT. */
  protected abstract void run(Context ctx, long n, Tensor a, Tensor b, Tensor y);
}
