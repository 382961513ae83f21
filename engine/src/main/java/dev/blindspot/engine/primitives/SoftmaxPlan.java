package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link SoftmaxDesc}. */
public interface SoftmaxPlan extends Plan {

  @Override
  SoftmaxDesc desc();

  /** y may be x. */
  void forward(Context ctx, Tensor x, Tensor y);

  /** dx from dy and the saved output; dx may be dy. */
  void backwardData(Context ctx, Tensor y, Tensor dy, Tensor dx);
}
