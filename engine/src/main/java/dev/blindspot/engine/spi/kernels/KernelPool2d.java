package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedPool2d;

/** Pooling by pool kernels; those for channels last are on some backends only. */
final class KernelPool2d extends CheckedPool2d {
  private final KernelBackend backend;
  private final long forward;
  private final long backward;

  static void register(KernelBackend backend) {
    backend.add(
        Pool2dDesc.class,
        "pool",
        (d, o) ->
            d.layout() == Layout.NHWC
                ? "layout NHWC; this kernel has NCHW only (reorder first)"
                : KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelPool2d(backend, d, o, i, "pool_"));
  }

  static void registerChannelsLast(KernelBackend backend) {
    backend.add(
        Pool2dDesc.class,
        "pool-channels-last",
        (d, o) ->
            d.layout() != Layout.NHWC
                ? "layout NCHW; this kernel has NHWC only"
                : KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelPool2d(backend, d, o, i, "pool_channels_last_"));
  }

  private KernelPool2d(
      KernelBackend backend, Pool2dDesc d, PlanOptions o, Implementation<?, ?> i, String kernels) {
    super(backend, d, o, i);
    this.backend = backend;
    forward = backend.kernel(kernels + "forward_f32");
    backward = backend.kernel(kernels + "backward_f32");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    arguments(ctx, n, x, y, null).execute(forward);
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    arguments(ctx, n, dx, dy, x).execute(backward);
  }

  private KernelCall arguments(Context ctx, long n, Tensor x, Tensor y, Tensor saved) {
    Pool2dDesc d = desc();
    KernelCall call = begin(ctx);
    call.put(d.pooling().ordinal())
        .put(n * d.c())
        .put(d.h())
        .put(d.w())
        .put(d.r())
        .put(d.s())
        .put(d.strideH())
        .put(d.strideW())
        .put(d.padTop())
        .put(d.padLeft())
        .put(d.p())
        .put(d.q())
        .put(options().accumulate())
        .put(x)
        .put(y)
        .put(saved)
        .put(d.reluMask());
    return d.layout() == Layout.NHWC ? call.put(d.c()) : call;
  }
}
