package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ProjectionDesc;
import dev.blindspot.engine.primitives.ProjectionPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A projection whose tensors fit. */
public abstract class CheckedProjection extends BasePlan<ProjectionDesc> implements ProjectionPlan {

  protected CheckedProjection(
      Backend backend, ProjectionDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor x, Tensor radius, Tensor y, Tensor z) {
    planned(Direction.FORWARD);
    long length = desc().length();
    long n = batch("x", x, desc().type(), desc().n(), length);
    rows("radius", radius, desc().type(), n, 1);
    rows("y", y, desc().type(), n, length);
    rows("z", z, desc().type(), n, length);
    distinct("z", z, "y", y, true);
    distinct("z", z, "x", x, false);
    distinct("z", z, "radius", radius, false);
    run(ctx, n, x, radius, y, z);
  }

  protected abstract void run(Context ctx, long n, Tensor x, Tensor radius, Tensor y, Tensor z);
}
