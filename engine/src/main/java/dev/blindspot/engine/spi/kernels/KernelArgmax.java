package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedArgmax;

/** Argmax by kernels/rows_reduce.cpp. */
final class KernelArgmax extends CheckedArgmax {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        ArgmaxDesc.class, "argmax", (d, o) -> "", (d, o, i) -> new KernelArgmax(backend, d, o, i));
  }

  private KernelArgmax(KernelBackend backend, ArgmaxDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("argmax");
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor index) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(x)
        .put(index)
        .execute(kernel);
  }
}
