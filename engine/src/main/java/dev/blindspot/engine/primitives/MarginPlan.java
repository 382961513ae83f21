package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link MarginDesc}. A NaN logit or a label outside 0..classes-1 gives NaN. */
public interface MarginPlan extends Plan {

  /** margin [n] from z [n,classes] and labels I32 [n]. */
  void execute(Context ctx, Tensor z, Tensor labels, Tensor margin);
}
