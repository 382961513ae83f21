package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link SingularValuesDesc}. */
public interface SingularValuesPlan extends Plan {

  /**
   * values [min(m,n)] from a [m,n], row-major; a is kept. A matrix with NaN or infinity is refused.
   */
  void execute(Context ctx, Tensor a, Tensor values);
}
