package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.MatMulPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A matrix product whose tensors fit. */
public abstract class CheckedMatMul extends BasePlan<MatMulDesc> implements MatMulPlan {

  protected CheckedMatMul(Backend backend, MatMulDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, double alpha, Tensor a, Tensor b, double beta, Tensor c) {
    planned(Direction.FORWARD);
    MatMulDesc d = desc();
    elements("a", a, d.type(), (long) d.m() * d.k());
    elements("b", b, d.type(), (long) d.k() * d.n());
    elements("c", c, d.type(), (long) d.m() * d.n());
    distinct("c", c, "a", a, false);
    distinct("c", c, "b", b, false);
    run(ctx, alpha, a, b, beta, c);
  }

  protected abstract void run(Context ctx, double alpha, Tensor a, Tensor b, double beta, Tensor c);
}
