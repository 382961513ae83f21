package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes an {@link ActivationDesc}. */
public interface ActivationPlan extends Plan {

  @Override
  ActivationDesc desc();

  /** y = f(x); y may be x. */
  void forward(Context ctx, Tensor x, Tensor y);

  /** dx = f'(x) dy with f' from the saved output y; dx may be dy. */
  void backwardData(Context ctx, Tensor y, Tensor dy, Tensor dx);
}
