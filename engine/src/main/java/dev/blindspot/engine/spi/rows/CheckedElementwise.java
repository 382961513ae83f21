package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** An element-wise operation whose tensors fit. */
public abstract class CheckedElementwise extends BasePlan<ElementwiseDesc>
    implements ElementwisePlan {

  protected CheckedElementwise(
      Backend backend, ElementwiseDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor a, Tensor b, double alpha, double beta, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("y", y, desc().type(), desc().n(), desc().length());
    int operands = desc().op().operands();
    if (operands > 0) {
      operand("a", a, y, n);
    }
    if (operands > 1) {
      operand("b", b, y, n);
    }
    run(ctx, n, operands > 0 ? a : null, operands > 1 ? b : null, alpha, beta, y);
  }

  private void operand(String name, Tensor t, Tensor y, long n) {
    rows(name, t, desc().type(), n, desc().length());
    distinct("y", y, name, t, true);
  }

  /** a and b are null where the operation reads none. */
  protected abstract void run(
      Context ctx, long n, Tensor a, Tensor b, double alpha, double beta, Tensor y);
}
