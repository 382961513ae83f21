package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/**
 * Executes a {@link RowwiseDesc}. y may be a. With alpha[i] = 0, SCALE and AXPY treat row a[i,:] as
 * zeros, whatever it holds.
 */
public interface RowwisePlan extends Plan {

  /** alpha [n]; a, y [n,length]. */
  void execute(Context ctx, Tensor alpha, Tensor a, Tensor y);
}
