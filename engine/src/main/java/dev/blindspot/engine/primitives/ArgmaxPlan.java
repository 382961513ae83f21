package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes an {@link ArgmaxDesc}. */
public interface ArgmaxPlan extends Plan {

  /** index I32 [n]. */
  void execute(Context ctx, Tensor x, Tensor index);
}
