package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes an {@link ElementwiseDesc}. y may be a or b. */
public interface ElementwisePlan extends Plan {

  @Override
  ElementwiseDesc desc();

  /**
   * @param a null if the operation reads no tensor
   * @param b null if the operation reads fewer than two tensors
   * @param alpha, beta ignored by operations that have no such number
   */
  void execute(Context ctx, Tensor a, Tensor b, double alpha, double beta, Tensor y);

  /** For operations without numbers. */
  default void execute(Context ctx, Tensor a, Tensor b, Tensor y) {
    execute(ctx, a, b, 0, 0, y);
  }
}
