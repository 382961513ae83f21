package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link ContrastNormDesc}. */
public interface ContrastNormPlan extends Plan {

  @Override
  ContrastNormDesc desc();

  void forward(Context ctx, Tensor x, Tensor y);

  void backwardData(Context ctx, Tensor x, Tensor dy, Tensor dx);
}
