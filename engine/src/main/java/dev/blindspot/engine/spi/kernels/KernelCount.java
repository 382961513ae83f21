package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedCount;

/** Counts by kernels/rows_elementwise.cpp. */
final class KernelCount extends CheckedCount {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        CountDesc.class, "count", (d, o) -> "", (d, o, i) -> new KernelCount(backend, d, o, i));
  }

  private KernelCount(KernelBackend backend, CountDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("count");
  }

  @Override
  protected void run(Context ctx, long stretches, long length, Tensor mask, Tensor count) {
    backend.begin(ctx, desc(), 0).put(stretches).put(length).put(mask).put(count).execute(kernel);
  }
}
