package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link MatMulDesc}. */
public interface MatMulPlan extends Plan {

  /** c = alpha op(a) op(b) + beta c; with beta 0 the old c is not read. */
  void execute(Context ctx, double alpha, Tensor a, Tensor b, double beta, Tensor c);
}
