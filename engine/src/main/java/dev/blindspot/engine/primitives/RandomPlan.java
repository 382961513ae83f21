package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/**
 * Executes a {@link RandomDesc} with the counter-based Philox4x32-10 (Salmon et al. 2011). Equal
 * keys give equal bits on every backend.
 */
public interface RandomPlan extends Plan {

  void execute(Context ctx, RandomKey key, Tensor y);
}
