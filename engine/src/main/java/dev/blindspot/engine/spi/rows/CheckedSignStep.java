package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SignStepDesc;
import dev.blindspot.engine.primitives.SignStepPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A sign step whose tensors fit. */
public abstract class CheckedSignStep extends BasePlan<SignStepDesc> implements SignStepPlan {

  protected CheckedSignStep(
      Backend backend, SignStepDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(
      Context ctx,
      Tensor centre,
      Tensor radius,
      Tensor x,
      Tensor g,
      double alpha,
      Tensor z,
      Tensor size) {
    planned(Direction.FORWARD);
    ElementType type = desc().type();
    long length = desc().length();
    long n = batch("x", x, type, desc().n(), length);
    rows("centre", centre, type, n, length);
    rows("radius", radius, type, n, 1);
    rows("g", g, type, n, length);
    rows("z", z, type, n, length);
    rows("size", size, type, n, 1);
    distinct("z", z, "x", x, true);
    distinct("z", z, "centre", centre, false);
    distinct("z", z, "radius", radius, false);
    distinct("z", z, "g", g, false);
    distinct("size", size, "z", z, false);
    distinct("size", size, "x", x, false);
    distinct("size", size, "centre", centre, false);
    distinct("size", size, "radius", radius, false);
    distinct("size", size, "g", g, false);
    run(ctx, n, centre, radius, x, g, alpha, z, size);
  }

  protected abstract void run(
      Context ctx,
      long n,
      Tensor centre,
      Tensor radius,
      Tensor x,
      Tensor g,
      double alpha,
      Tensor z,
      Tensor size);
}
