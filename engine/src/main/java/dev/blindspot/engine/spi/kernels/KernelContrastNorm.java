package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ContrastNormDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedContrastNorm;

/** By kernels/normalise.cpp. */
final class CpuContrastNorm extends CheckedContrastNorm {
  private final CpuBackend backend;
  private final long forward;
  private final long backward;

  static void register(CpuBackend backend) {
    backend.add(
        ContrastNormDesc.class,
        "contrast-norm",
        (d, o) -> CpuBackend.onlyF32(d.type()),
        (d, o, i) -> new CpuContrastNorm(backend, d, o, i));
  }

  private CpuContrastNorm(
      CpuBackend backend, ContrastNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    forward = backend.kernel("contrast_forward_f32");
    backward = backend.kernel("contrast_backward_f32");
  }

  private CpuContext begin(Context ctx) {
    return CpuContext.begin(ctx, backend, desc(), 0);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    arguments(ctx, n).put(x).put(y).put((Tensor) null).put((Tensor) null).execute(forward);
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor x, Tensor dy, Tensor dx) {
    arguments(ctx, n).put(x).put((Tensor) null).put(dy).put(dx).execute(backward);
  }

  private CpuContext arguments(Context ctx, long n) {
    return begin(ctx)
        .put(n)
        .put(desc().length())
        .put(options().accumulate())
        .put(desc().epsilon())
        .put(desc().gamma());
  }
}
