package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CastDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedCast;

/** Change of element type by kernels/move.cpp. */
final class CpuCast extends CheckedCast {
  private final CpuBackend backend;
  private final long kernel;

  static void register(CpuBackend backend) {
    backend.add(CastDesc.class, "cast", (d, o) -> "", (d, o, i) -> new CpuCast(backend, d, o, i));
  }

  private CpuCast(CpuBackend backend, CastDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("cast");
  }

  private CpuContext begin(Context ctx) {
    return CpuContext.begin(ctx, backend, desc(), 0);
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
