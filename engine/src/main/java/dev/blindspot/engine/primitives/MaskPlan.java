package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link MaskDesc}. y may be a or b. */
public interface MaskPlan extends Plan {

  void execute(Context ctx, Tensor a, Tensor b, Tensor y);
}
