package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedLocalResponseNorm;

/** By kernels/normalise.cpp. */
final class KernelLocalResponseNorm extends CheckedLocalResponseNorm {
  private final KernelBackend backend;
  private final long forward;
  private final long backward;

  static void register(KernelBackend backend) {
    backend.add(
        LocalResponseNormDesc.class,
        "lrn",
        (d, o) -> KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelLocalResponseNorm(backend, d, o, i));
  }

  private KernelLocalResponseNorm(
      KernelBackend backend, LocalResponseNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    forward = backend.kernel("lrn_forward_f32");
    backward = backend.kernel("lrn_backward_f32");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    arguments(ctx, n).put(x).put(y).put((Tensor) null).put((Tensor) null).execute(forward);
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor x, Tensor dy, Tensor dx) {
    arguments(ctx, n).put(x).put((Tensor) null).put(dy).put(dx).execute(backward);
  }

  private KernelCall arguments(Context ctx, long n) {
    return begin(ctx)
        .put(n)
        .put(desc().c())
        .put(desc().spatial())
        .put(desc().size())
        .put(options().accumulate())
        .put(desc().alpha())
        .put(desc().beta())
        .put(desc().bias());
  }
}
