package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a primitive that is linear in x and in its weights: a convolution or a dense layer. */
public interface WeightedPlan extends Plan {

  /**
   * Brings w into the implementation's own form, in new memory that the result owns. Done at once,
   * even while a program is recorded, whose replays do not repeat it.
   */
  PackedWeights pack(Context ctx, Tensor w);

  /**
   * Packs an updated w into {@code p}; nothing that uses p may be in flight on other contexts. An
   * execution like any other: replays of a program that recorded it repeat it. Allocates nothing.
   */
  void repack(Context ctx, Tensor w, PackedWeights p);

  /** y from x; b null unless BIAS, residual null unless RESIDUAL_ADD. Overwrites y. */
  void forward(Context ctx, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y);

  /** y from x without a residual. */
  default void forward(Context ctx, Tensor x, PackedWeights p, Tensor b, Tensor y) {
    forward(ctx, x, p, b, null, y);
  }

  /**
   * dx from dy by the adjoint of the linear map; post-operations are not differentiated here.
   *
   * @param mask null unless reluMask
   */
  void backwardData(Context ctx, Tensor dy, PackedWeights p, Tensor mask, Tensor dx);

  /** dx from dy without a mask. */
  default void backwardData(Context ctx, Tensor dy, PackedWeights p, Tensor dx) {
    backwardData(ctx, dy, p, null, dx);
  }

  /** dw from x and dy. */
  void backwardWeights(Context ctx, Tensor x, Tensor dy, Tensor dw);
}
