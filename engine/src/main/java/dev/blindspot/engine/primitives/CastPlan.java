package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link CastDesc}. */
public interface CastPlan extends Plan {

  void execute(Context ctx, Tensor x, Tensor y);
}
