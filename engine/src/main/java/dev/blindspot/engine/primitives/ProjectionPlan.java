package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link ProjectionDesc}. */
public interface ProjectionPlan extends Plan {

  /** centre x [n,length], radius [n] (not negative), y [n,length]; result z may be y. */
  void execute(Context ctx, Tensor x, Tensor radius, Tensor y, Tensor z);
}
