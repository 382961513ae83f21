package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link CompareDesc}. */
public interface ComparePlan extends Plan {

  /** mask = a ? b. */
  void execute(Context ctx, Tensor a, Tensor b, Tensor mask);

  /** mask = a ? b with a number b, rounded to the element type. */
  void execute(Context ctx, Tensor a, double b, Tensor mask);
}
