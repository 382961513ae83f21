package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link SortDesc}. */
public interface SortPlan extends Plan {

  /** values [n,k] and indices I32 [n,k]; either may be null. */
  void execute(Context ctx, Tensor x, Tensor values, Tensor indices);
}
