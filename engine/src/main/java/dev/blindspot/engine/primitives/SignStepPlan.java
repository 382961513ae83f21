package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link SignStepDesc}. */
public interface SignStepPlan extends Plan {

  /**
   * centre, x, g [n,length], radius [n] (not negative); results z [n,length], which may be x, and
   * size [n].
   *
   * @param alpha length of the step; negative goes down
   */
  void execute(
      Context ctx,
      Tensor centre,
      Tensor radius,
      Tensor x,
      Tensor g,
      double alpha,
      Tensor z,
      Tensor size);
}
