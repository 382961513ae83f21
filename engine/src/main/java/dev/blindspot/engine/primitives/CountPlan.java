package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link CountDesc}. "Any" is a count above 0. */
public interface CountPlan extends Plan {

  void execute(Context ctx, Tensor mask, Tensor count);
}
