package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ContrastNormDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedContrastNorm;

/** By kernels/normalise.cpp. */
final class KernelContrastNorm extends CheckedContrastNorm {
  private final KernelBackend backend;
  private final long forward;
  private final long backward;

  static void register(KernelBackend backend) {
    backend.add(
        ContrastNormDesc.class,
        "contrast-norm",
        (d, o) -> KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelContrastNorm(backend, d, o, i));
  }

  private KernelContrastNorm(
      KernelBackend backend, ContrastNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    forward = backend.kernel("contrast_forward_f32");
    backward = backend.kernel("contrast_backward_f32");
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
        .put(desc().length())
        .put(options().accumulate())
        .put(desc().epsilon())
        .put(desc().gamma());
  }
}
