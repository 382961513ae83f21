package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link LocalResponseNormDesc}. */
public interface LocalResponseNormPlan extends Plan {

  @Override
  LocalResponseNormDesc desc();

  void forward(Context ctx, Tensor x, Tensor y);

  void backwardData(Context ctx, Tensor x, Tensor dy, Tensor dx);
}
