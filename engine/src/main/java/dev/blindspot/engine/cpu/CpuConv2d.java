package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.kernels.KernelCall;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;

/**
 * Convolution through a column matrix of some output rows, multiplied by OpenBLAS; one image and
 * group a task.
 */
final class CpuConv2d extends CheckedWeighted<Conv2dDesc> implements Conv2dPlan {
  /** Bytes of one column matrix: it should stay in the second-level cache. */
  private static final long COLUMN_BYTES = 1 << 20;

  private final CpuBackend backend;
  private final long forward;
  private final long backwardData;
  private final long backwardWeights;
  private final long post;
  private final long blockRows;

  static void register(CpuBackend backend) {
    backend.add(
        Conv2dDesc.class,
        "im2col-openblas",
        (d, o) -> reasonWhyNot(d),
        (d, o, i) -> new CpuConv2d(backend, d, o, i));
  }

  private static String reasonWhyNot(Conv2dDesc d) {
    if (d.xLayout() == Layout.NHWC || d.yLayout() == Layout.NHWC) {
      return "layout NHWC; the kernel has NCHW only (reorder first)";
    }
    if (taps(d) > Integer.MAX_VALUE || (long) d.p() * d.q() > Integer.MAX_VALUE) {
      return "more than 2^31 taps or positions; OpenBLAS counts in 31 bits";
    }
    return PostOps.reasonWhyNot(d.post());
  }

  private CpuConv2d(CpuBackend backend, Conv2dDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    String type = KernelBackend.suffix(d.type());
    forward = backend.kernel("conv_forward" + type);
    backwardData = backend.kernel("conv_backward_data" + type);
    backwardWeights = backend.kernel("conv_backward_weights" + type);
    post = PostOps.flags(d.post());
    blockRows = blockRows(d, backend.options().threads());
  }

  private static long taps(Conv2dDesc d) {
    return (long) d.c() / d.groups() * d.r() * d.s();
  }

  /** Rows that fill a column matrix; fewer if there are too few images to occupy all threads. */
  private static long blockRows(Conv2dDesc d, int threads) {
    long rows = Math.max(1, COLUMN_BYTES / (taps(d) * d.q() * d.type().bytes()));
    long tasks = d.n() * d.groups();
    long blocks = tasks >= threads ? 1 : (threads + tasks - 1) / tasks;
    return Math.min(rows, (d.p() + blocks - 1) / blocks);
  }

  /** As laid out by conv_task in kernels/convolution.cpp. */
  @Override
  public long workspaceBytes() {
    Conv2dDesc d = desc();
    long columns = (taps(d) * blockRows * d.q() * d.type().bytes() + 63) / 64 * 64;
    long image = (sizes().x() / d.groups() * d.type().bytes() + 63) / 64 * 64;
    long threads = backend.options().threads();
    boolean weights = options().directions().contains(Direction.BACKWARD_WEIGHTS);
    return threads * (columns + image)
        + (weights ? Math.min(threads, d.n()) * sizes().w() * d.type().bytes() : 0);
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return new CpuPackedWeights(backend, w);
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    CpuPackedWeights.of(this, backend, p, sizes().w()).update(w);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    Tensor w = CpuPackedWeights.of(this, backend, p, sizes().w()).tensor();
    arguments(ctx, n, post, x, w, b, residual, y, null).execute(forward);
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    Tensor w = CpuPackedWeights.of(this, backend, p, sizes().w()).tensor();
    long flags = PostOps.gradientFlags(options().accumulate(), mask != null);
    arguments(ctx, n, flags, dx, w, null, null, dy, mask).execute(backwardData);
  }

  @Override
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    long flags = PostOps.gradientFlags(options().accumulate(), false);
    arguments(ctx, n, flags, x, dw, null, null, dy, null).execute(backwardWeights);
  }

  private KernelCall arguments(
      Context ctx,
      long n,
      long flags,
      Tensor x,
      Tensor w,
      Tensor b,
      Tensor residual,
      Tensor y,
      Tensor mask) {
    Conv2dDesc d = desc();
    return CpuContext.begin(ctx, backend, d, workspaceBytes())
        .put(n)
        .put(d.c())
        .put(d.h())
        .put(d.w())
        .put(d.k())
        .put(d.r())
        .put(d.s())
        .put(d.strideH())
        .put(d.strideW())
        .put(d.padTop())
        .put(d.padLeft())
        .put(d.dilationH())
        .put(d.dilationW())
        .put(d.groups())
        .put(d.p())
        .put(d.q())
        .put(flags)
        .put(blockRows)
        .put(x)
        .put(w)
        .put(b)
        .put(residual)
        .put(y)
        .put(mask);
  }
}
