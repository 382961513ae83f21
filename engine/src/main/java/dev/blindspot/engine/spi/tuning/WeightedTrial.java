package dev.blindspot.engine.spi.tuning;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.util.List;

/** A convolution or a dense layer, one direction a plan. */
final class WeightedTrial implements Trial {
  private final TrialBuffers buffers;
  private final Tensor w;
  private final Tensor x;
  private final Tensor b;
  private final Tensor residual;
  private final Tensor y;
  private final Tensor mask;

  private WeightedTrial(
      TrialBuffers buffers, Tensor w, Tensor x, Tensor b, Tensor residual, Tensor y, Tensor mask) {
    this.buffers = buffers;
    this.w = w;
    this.x = x;
    this.b = b;
    this.residual = residual;
    this.y = y;
    this.mask = mask;
  }

  static WeightedTrial of(Conv2dDesc d, TrialBuffers to) {
    Layout inputs = d.xLayout() == Layout.NHWC ? Layout.NHWC : Layout.NCHW;
    Layout outputs = d.yLayout() == Layout.NHWC ? Layout.NHWC : Layout.NCHW;
    List<PostOp> post = d.post();
    return new WeightedTrial(
        to,
        to.normal(d.k(), d.c() / d.groups(), d.r(), d.s()),
        to.normal(inputs, d.n(), d.c(), d.h(), d.w()),
        post.contains(PostOp.BIAS) ? to.normal(d.k()) : null,
        post.contains(PostOp.RESIDUAL_ADD) ? to.normal(outputs, d.n(), d.k(), d.p(), d.q()) : null,
        to.normal(outputs, d.n(), d.k(), d.p(), d.q()),
        d.reluMask() ? to.normal(inputs, d.n(), d.c(), d.h(), d.w()) : null);
  }

  static WeightedTrial of(LinearDesc d, TrialBuffers to) {
    List<PostOp> post = d.post();
    return new WeightedTrial(
        to,
        to.normal(d.k(), d.c()),
        to.normal(d.n(), d.c()),
        post.contains(PostOp.BIAS) ? to.normal(d.k()) : null,
        post.contains(PostOp.RESIDUAL_ADD) ? to.normal(d.n(), d.k()) : null,
        to.normal(d.n(), d.k()),
        d.reluMask() ? to.normal(d.n(), d.c()) : null);
  }

  @Override
  public Runnable step(Context ctx, Plan plan) {
    WeightedPlan p = (WeightedPlan) plan;
    Direction direction = plan.options().directions().iterator().next();
    if (direction == Direction.BACKWARD_WEIGHTS) {
      return () -> p.backwardWeights(ctx, x, y, w);
    }
    PackedWeights packed = buffers.own(p.pack(ctx, w));
    return direction == Direction.FORWARD
        ? () -> p.forward(ctx, x, packed, b, residual, y)
        : () -> p.backwardData(ctx, y, packed, mask, x);
  }

  @Override
  public void close() {
    buffers.close();
  }
}
