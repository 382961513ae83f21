package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.ComparePlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A comparison whose tensors fit. */
public abstract class CheckedCompare extends BasePlan<CompareDesc> implements ComparePlan {

  protected CheckedCompare(Backend backend, CompareDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor a, Tensor b, Tensor mask) {
    planned(Direction.FORWARD);
    long n = check(a, mask);
    rows("b", b, desc().type(), n, desc().length());
    distinct("mask", mask, "b", b, false);
    run(ctx, n, a, b, 0, mask);
  }

  @Override
  public final void execute(Context ctx, Tensor a, double b, Tensor mask) {
    planned(Direction.FORWARD);
    long n = check(a, mask);
    run(ctx, n, a, null, desc().round(b), mask);
  }

  private long check(Tensor a, Tensor mask) {
    long n = batch("a", a, desc().type(), desc().n(), desc().length());
    rows("mask", mask, ElementType.U8, n, desc().length());
    distinct("mask", mask, "a", a, false);
    return n;
  }

  /** Compares with b, or with the number where b is null. */
  protected abstract void run(Context ctx, long n, Tensor a, Tensor b, double number, Tensor mask);
}
