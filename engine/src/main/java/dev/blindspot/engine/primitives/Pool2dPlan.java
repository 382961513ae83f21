package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link Pool2dDesc}. */
public interface Pool2dPlan extends Plan {

  @Override
  Pool2dDesc desc();

  void forward(Context ctx, Tensor x, Tensor y);

  /**
   * dx from dy; overlapping windows add up. x and y are those of the forward pass. Average pooling
   * reads neither, but x if the desc has a mask.
   */
  void backwardData(Context ctx, Tensor x, Tensor y, Tensor dy, Tensor dx);
}
