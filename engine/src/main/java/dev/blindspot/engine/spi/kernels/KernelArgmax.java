package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedArgmax;

/** Argmax by kernels/rows_reduce.cpp. */
final class CpuArgmax extends CheckedArgmax {
  private final CpuBackend backend;
  private final long kernel;

  static void register(CpuBackend backend) {
    backend.add(
        ArgmaxDesc.class, "argmax", (d, o) -> "", (d, o, i) -> new CpuArgmax(backend, d, o, i));
  }

  private CpuArgmax(CpuBackend backend, ArgmaxDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("argmax");
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor index) {
    CpuContext.begin(ctx, backend, desc(), 0)
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(x)
        .put(index)
        .execute(kernel);
  }
}
