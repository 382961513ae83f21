package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link LinearDesc}. x may have any shape whose rows have c elements. */
public interface LinearPlan extends Plan {

  @Override
  LinearDesc desc();

  /** Brings w [k,c] into the implementation's own form, in new memory that the result owns. */
  PackedWeights pack(Context ctx, Tensor w);

  /** Packs an updated w into {@code p}; nothing that uses p may be in flight. Allocates nothing. */
  void repack(Context ctx, Tensor w, PackedWeights p);

  /** y from x; b null unless BIAS, residual null unless RESIDUAL_ADD. Overwrites y. */
  void forward(Context ctx, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y);

  default void forward(Context ctx, Tensor x, PackedWeights p, Tensor b, Tensor y) {
    forward(ctx, x, p, b, null, y);
  }

  /** dx = dy w; mask null unless reluMask. */
  void backwardData(Context ctx, Tensor dy, PackedWeights p, Tensor mask, Tensor dx);

  default void backwardData(Context ctx, Tensor dy, PackedWeights p, Tensor dx) {
    backwardData(ctx, dy, p, null, dx);
  }

  /** dw = dy^T x. */
  void backwardWeights(Context ctx, Tensor x, Tensor dy, Tensor dw);
}
