package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link LossDesc}. A label outside 0..classes-1 gives NaN loss and gradient. */
public interface LossPlan extends Plan {

  @Override
  LossDesc desc();

  /**
   * loss[i] and dz[i,:] = scale * d loss[i] / d z[i,:].
   *
   * @param loss [n], or null if not wanted
   * @param dz [n,classes], or null if not wanted; may be z
   */
  void execute(Context ctx, Tensor z, Tensor labels, double scale, Tensor loss, Tensor dz);
}
