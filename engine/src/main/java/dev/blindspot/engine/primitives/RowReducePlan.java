package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link RowReduceDesc}. */
public interface RowReducePlan extends Plan {

  /** y [n] from a [n,length]; b the second factor of DOT, else null. */
  void execute(Context ctx, Tensor a, Tensor b, Tensor y);
}
