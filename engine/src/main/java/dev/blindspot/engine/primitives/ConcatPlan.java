package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;
import java.util.List;

/** Executes a {@link ConcatDesc}. */
public interface ConcatPlan extends Plan {

  @Override
  ConcatDesc desc();

  void forward(Context ctx, List<Tensor> parts, Tensor y);

  /** Splits dy into the parts; a null part is skipped. */
  void backwardData(Context ctx, Tensor dy, List<Tensor> parts);
}
