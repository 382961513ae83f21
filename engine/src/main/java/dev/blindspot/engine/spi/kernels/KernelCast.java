package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CastDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedCast;

/** Change of element type by kernels/move.cpp. */
final class KernelCast extends CheckedCast {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        CastDesc.class, "cast", (d, o) -> "", (d, o, i) -> new KernelCast(backend, d, o, i));
  }

  private KernelCast(KernelBackend backend, CastDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("cast");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor y) {
    begin(ctx)
        .put(desc().from().ordinal())
        .put(desc().to().ordinal())
        .put(n * desc().length())
        .put(x)
        .put(y)
        .execute(kernel);
  }
}
