package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link SelectDesc}. y may be a or b; then only what changes is written. */
public interface SelectPlan extends Plan {

  void execute(Context ctx, Tensor mask, Tensor a, Tensor b, Tensor y);
}
