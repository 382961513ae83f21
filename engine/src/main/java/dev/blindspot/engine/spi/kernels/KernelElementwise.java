package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedElementwise;

/** Element-wise operations by kernels/rows_elementwise.cpp. */
final class KernelElementwise extends CheckedElementwise {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        ElementwiseDesc.class,
        "elementwise",
        (d, o) -> "",
        (d, o, i) -> new KernelElementwise(backend, d, o, i));
  }

  private KernelElementwise(
      KernelBackend backend, ElementwiseDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("elementwise");
  }

  @Override
  protected void run(Context ctx, long n, Tensor a, Tensor b, double alpha, double beta, Tensor y) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().op().ordinal())
        .put(desc().type().ordinal())
        .put(n * desc().length())
        .put(a)
        .put(b)
        .put(y)
        .put(alpha)
        .put(beta)
        .execute(kernel);
  }
}
