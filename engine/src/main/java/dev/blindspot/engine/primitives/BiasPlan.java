package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link BiasDesc}. The gradient with respect to x is dy itself. */
public interface BiasPlan extends Plan {

  /** y = x + b for each channel; y may be x. */
  void forward(Context ctx, Tensor x, Tensor b, Tensor y);

  /** db[c] = sum of dy over batch and space. */
  void backwardWeights(Context ctx, Tensor dy, Tensor db);
}
