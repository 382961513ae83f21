package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedMask;

/** Logic on masks by kernels/rows_elementwise.cpp. */
final class KernelMask extends CheckedMask {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        MaskDesc.class, "mask", (d, o) -> "", (d, o, i) -> new KernelMask(backend, d, o, i));
  }

  private KernelMask(KernelBackend backend, MaskDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("mask");
  }

  @Override
  protected void run(Context ctx, long n, Tensor a, Tensor b, Tensor y) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().op().ordinal())
        .put(n * desc().length())
        .put(a)
        .put(b)
        .put(y)
        .execute(kernel);
  }
}
