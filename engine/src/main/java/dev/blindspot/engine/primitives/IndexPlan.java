package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes an {@link IndexDesc}. */
public interface IndexPlan extends Plan {

  void execute(Context ctx, Tensor index, Tensor x, Tensor y);
}
