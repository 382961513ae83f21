package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;

/**
 * Convolution, each direction by a scheme of its own: directly, from inputs that are packed band by
 * band inside the cache so that tensors stay NCHW, by Winograd's transforms, or through a column
 * matrix and OpenBLAS.
 */
final class CpuConv2d extends CheckedWeighted<Conv2dDesc> implements Conv2dPlan {

  /** How filters lie; a scheme is null where its direction is not planned. */
  private record Filters(ConvGeometry geometry, ConvScheme forward, ConvScheme backwardData) {}

  private final CpuBackend backend;
  private final CpuIm2col im2col;
  private final ConvPass forward; // null: im2col, or not planned
  private final ConvPass backwardData;
  private final ConvPass backwardWeights;
  private final Filters filters;
  private final CpuWeights.Form form;
  private final String prefix;
  private final long post;

  /** What an estimate chooses first, then that without transforms, then each scheme alone. */
  static void register(CpuBackend backend) {
    int width = backend.width();
    backend.add(
        Conv2dDesc.class,
        "fastest-by-estimate",
        (d, o) -> reasonWhyNot(d),
        (d, o, i) -> new CpuConv2d(backend, d, o, i, null, true));
    backend.add(
        Conv2dDesc.class,
        "direct",
        (d, o) -> reasonWhyNot(d),
        (d, o, i) -> new CpuConv2d(backend, d, o, i, null, false));
    for (ConvScheme s : ConvScheme.values()) {
      if (s == ConvScheme.GRADIENT) {
        continue; // the only one of its direction but im2col
      }
      backend.add(
          Conv2dDesc.class,
          s.implementation,
          (d, o) -> reasonWhyNot(s, d, o, width),
          (d, o, i) -> new CpuConv2d(backend, d, o, i, s, true));
    }
  }

  private static String reasonWhyNot(Conv2dDesc d) {
    if (d.xLayout() == Layout.NHWC || d.yLayout() == Layout.NHWC) {
      return "layout NHWC; the kernel has NCHW only (reorder first)";
    }
    String post = PostOps.reasonWhyNot(d.post());
    return post.isEmpty() ? CpuIm2col.reasonWhyNot(d) : post;
  }

  private static String reasonWhyNot(ConvScheme s, Conv2dDesc d, PlanOptions o, int width) {
    if (s != ConvScheme.IM2COL) {
      if (d.type() != ElementType.F32) {
        return "element type " + d.type() + "; the kernel has F32 only";
      }
      if (s == ConvScheme.FEW_CHANNELS && o.directions().contains(Direction.FORWARD)) {
        return "only backward-data";
      }
      for (Direction direction : o.directions()) {
        String reason =
            direction == Direction.BACKWARD_WEIGHTS
                ? ""
                : ConvBlocking.reasonWhyNot(s, ConvGeometry.of(d, direction), width);
        if (!reason.isEmpty()) {
          return reason;
        }
      }
    }
    return reasonWhyNot(d);
  }

  /**
   * @param only the scheme of both forward and backward-data, or null to choose
   * @param transforms Winograd's may be chosen
   */
  private CpuConv2d(
      CpuBackend backend,
      Conv2dDesc d,
      PlanOptions o,
      Implementation<?, ?> i,
      ConvScheme only,
      boolean transforms) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    im2col = new CpuIm2col(backend, d);
    ConvScheme forwardScheme = scheme(Direction.FORWARD, only, transforms);
    ConvScheme backwardScheme = scheme(Direction.BACKWARD_DATA, only, transforms);
    forward = pass(Direction.FORWARD, forwardScheme);
    backwardData = pass(Direction.BACKWARD_DATA, backwardScheme);
    ConvGeometry geometry = ConvGeometry.unflattened(d);
    boolean gradient =
        o.directions().contains(Direction.BACKWARD_WEIGHTS)
            && only != ConvScheme.IM2COL
            && d.type() == ElementType.F32
            && ConvBlocking.gradientReasonWhyNot(geometry, backend.width()).isEmpty();
    backwardWeights = gradient ? new ConvPass(backend, d, geometry, ConvScheme.GRADIENT) : null;
    boolean plain =
        forwardScheme == ConvScheme.IM2COL
            || backwardScheme == ConvScheme.IM2COL
            || (forward == null && backwardData == null);
    filters = new Filters(ConvGeometry.ofAnyBatch(d), forwardScheme, backwardScheme);
    form =
        new CpuWeights.Form(
            filters,
            d.type(),
            plain ? sizes().w() : 0,
            d.type(),
            forward == null ? 0 : forward.weightFloats(),
            backwardData == null ? 0 : backwardData.weightFloats());
    prefix = "cpu:" + backend.levelName() + "-";
    post = PostOps.flags(d.post());
  }

  /** Null if the direction is not planned. */
  private ConvScheme scheme(Direction direction, ConvScheme only, boolean transforms) {
    if (!options().directions().contains(direction)) {
      return null;
    }
    if (only != null || desc().type() != ElementType.F32) {
      return only != null ? only : ConvScheme.IM2COL;
    }
    return ConvCost.best(ConvGeometry.of(desc(), direction), backend.width(), transforms);
  }

  private ConvPass pass(Direction direction, ConvScheme scheme) {
    return scheme == null || scheme == ConvScheme.IM2COL
        ? null
        : new ConvPass(backend, desc(), ConvGeometry.of(desc(), direction), scheme);
  }

  @Override
  public String implementation(Direction direction) {
    planned(direction);
    ConvScheme scheme =
        switch (direction) {
          case FORWARD -> filters.forward;
          case BACKWARD_DATA -> filters.backwardData;
          case BACKWARD_WEIGHTS ->
              backwardWeights == null ? ConvScheme.IM2COL : ConvScheme.GRADIENT;
        };
    return prefix + scheme.implementation;
  }

  @Override
  public long workspaceBytes() {
    boolean weights =
        backwardWeights == null && options().directions().contains(Direction.BACKWARD_WEIGHTS);
    long bytes = form.plain() > 0 || weights ? im2col.workspaceBytes(weights) : 0;
    bytes = Math.max(bytes, forward == null ? 0 : forward.workspaceBytes());
    bytes = Math.max(bytes, backwardWeights == null ? 0 : backwardWeights.workspaceBytes());
    return Math.max(bytes, backwardData == null ? 0 : backwardData.workspaceBytes());
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return CpuWeights.filled(backend, form, p -> fill(ctx, true, p, w));
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    fill(ctx, false, weights(p), w);
  }

  private void fill(Context ctx, boolean now, CpuWeights p, Tensor w) {
    if (p.plain != null) {
      backend.copy(ctx, desc(), now, w, p.plain);
    }
    if (forward != null) {
      forward.pack(ctx, now, w, p.forward);
    }
    if (backwardData != null) {
      backwardData.pack(ctx, now, w, p.backward);
    }
  }

  private CpuWeights weights(PackedWeights p) {
    return CpuWeights.of(this, backend, p, form);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    CpuWeights w = weights(p);
    if (forward == null) {
      im2col.forward(ctx, n, post, x, w.plain, b, residual, y);
    } else {
      forward.execute(ctx, n, post, x, w.forward, b, residual, y, null);
    }
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    CpuWeights w = weights(p);
    long flags = PostOps.gradientFlags(options().accumulate(), mask != null);
    if (backwardData == null) {
      im2col.backwardData(ctx, n, flags, dy, w.plain, mask, dx);
    } else {
      backwardData.execute(ctx, n, flags, dy, w.backward, null, null, dx, mask);
    }
  }

  @Override
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    long flags = PostOps.gradientFlags(options().accumulate(), false);
    if (backwardWeights == null) {
      im2col.backwardWeights(ctx, n, flags, x, dy, dw);
    } else {
      backwardWeights.execute(ctx, n, flags, x, dw, null, null, dy, null);
    }
  }
}
