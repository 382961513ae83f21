package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;
import java.util.List;

/** A convolution or dense layer whose tensors fit. */
public abstract class CheckedWeighted<D extends Desc<?>> extends BasePlan<D>
    implements WeightedPlan {

  /**
   * What the checks need of a desc.
   *
   * @param n largest batch
   * @param x row length of x and dx
   * @param y row length of y and dy
   * @param w elements of w and dw
   * @param b elements of b
   */
  public record Sizes(
      ElementType type,
      long n,
      long x,
      long y,
      long w,
      long b,
      List<PostOp> post,
      boolean reluMask,
      Layout xLayout,
      Layout yLayout) {

    public static Sizes of(Conv2dDesc d) {
      return new Sizes(
          d.type(),
          d.n(),
          (long) d.c() * d.h() * d.w(),
          (long) d.k() * d.p() * d.q(),
          (long) d.k() * (d.c() / d.groups()) * d.r() * d.s(),
          d.k(),
          d.post(),
          d.reluMask(),
          d.xLayout(),
          d.yLayout());
    }

    public static Sizes of(LinearDesc d) {
      return new Sizes(
          d.type(),
          d.n(),
          d.c(),
          d.k(),
          (long) d.k() * d.c(),
          d.k(),
          d.post(),
          d.reluMask(),
          Layout.NCHW,
          Layout.NCHW);
    }
  }

  private final Sizes sizes;

  protected CheckedWeighted(
      Backend backend, D desc, PlanOptions options, Implementation<?, ?> chosen, Sizes sizes) {
    super(backend, desc, options, chosen);
    this.sizes = sizes;
  }

  protected final Sizes sizes() {
    return sizes;
  }

  @Override
  public final PackedWeights pack(Context ctx, Tensor w) {
    elements("w", w, sizes.type, sizes.w);
    return newPacked(ctx, w);
  }

  @Override
  public final void repack(Context ctx, Tensor w, PackedWeights p) {
    elements("w", w, sizes.type, sizes.w);
    update(ctx, p, w);
  }

  @Override
  public final void forward(
      Context ctx, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, sizes.type, sizes.n, sizes.x);
    rows("y", y, sizes.type, n, sizes.y);
    layout("x", x, sizes.xLayout);
    layout("y", y, sizes.yLayout);
    distinct("y", y, "x", x, false);
    boolean biased = sizes.post.contains(PostOp.BIAS);
    if (biased) {
      elements("b", b, sizes.type, sizes.b);
    }
    boolean added = sizes.post.contains(PostOp.RESIDUAL_ADD);
    if (added) {
      rows("residual", residual, sizes.type, n, sizes.y);
      layout("residual", residual, sizes.yLayout);
      distinct("y", y, "residual", residual, false);
    }
    runForward(ctx, n, x, p, biased ? b : null, added ? residual : null, y);
  }

  @Override
  public final void backwardData(Context ctx, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("dy", dy, sizes.type, sizes.n, sizes.y);
    rows("dx", dx, sizes.type, n, sizes.x);
    layout("dy", dy, sizes.yLayout);
    layout("dx", dx, sizes.xLayout);
    distinct("dx", dx, "dy", dy, false);
    if (sizes.reluMask) {
      rows("mask", mask, sizes.type, n, sizes.x);
      layout("mask", mask, sizes.xLayout);
      distinct("dx", dx, "mask", mask, false);
    }
    runBackwardData(ctx, n, dy, p, sizes.reluMask ? mask : null, dx);
  }

  @Override
  public final void backwardWeights(Context ctx, Tensor x, Tensor dy, Tensor dw) {
    planned(Direction.BACKWARD_WEIGHTS);
    long n = batch("x", x, sizes.type, sizes.n, sizes.x);
    rows("dy", dy, sizes.type, n, sizes.y);
    layout("x", x, sizes.xLayout);
    layout("dy", dy, sizes.yLayout);
    elements("dw", dw, sizes.type, sizes.w);
    distinct("dw", dw, "x", x, false);
    distinct("dw", dw, "dy", dy, false);
    runBackwardWeights(ctx, n, x, dy, dw);
  }

  /** Tensors of four dimensions must lie as planned; ANY is NCHW here. */
  private void layout(String name, Tensor t, Layout planned) {
    Layout wanted = planned == Layout.NHWC ? Layout.NHWC : Layout.NCHW;
    if (t.shape().rank() == 4 && t.layout() != wanted) {
      throw new InvalidInputException(
          desc().summary() + ": " + name + " is " + t + "; planned is " + wanted + " (reorder)");
    }
  }

  /** New weights that hold w, whose last writer was ctx. */
  protected abstract PackedWeights newPacked(Context ctx, Tensor w);

  /** Refuses weights of other plans, else copies w to them. */
  protected abstract void update(Context ctx, PackedWeights p, Tensor w);

  /** b and residual are null unless planned. */
  protected abstract void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y);

  /** mask is null unless planned. */
  protected abstract void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx);

  /** For implementations that are never chosen for backward-weights: fails. */
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    throw new IllegalStateException(desc().summary() + ": backward-weights is never planned here");
  }
}
