package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/**
 * Executes a {@link DropoutDesc}. The mask is drawn by the counter-based generator of {@link
 * RandomPlan} from the same key in both directions, so none is stored.
 */
public interface DropoutPlan extends Plan {

  /** y may be x. */
  void forward(Context ctx, RandomKey key, Tensor x, Tensor y);

  /** dx may be dy. */
  void backwardData(Context ctx, RandomKey key, Tensor dy, Tensor dx);
}
