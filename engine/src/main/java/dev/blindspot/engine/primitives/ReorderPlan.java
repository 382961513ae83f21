package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link ReorderDesc}. */
public interface ReorderPlan extends Plan {

  void execute(Context ctx, Tensor x, Tensor y);
}
