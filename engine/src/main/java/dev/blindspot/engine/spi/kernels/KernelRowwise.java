package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedRowwise;

/** Row-wise operations by kernels/rows_elementwise.cpp. */
final class KernelRowwise extends CheckedRowwise {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        RowwiseDesc.class,
        "rowwise",
        (d, o) -> "",
        (d, o, i) -> new KernelRowwise(backend, d, o, i));
  }

  private KernelRowwise(
      KernelBackend backend, RowwiseDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("rowwise");
  }

  @Override
  protected void run(Context ctx, long n, Tensor alpha, Tensor a, Tensor y) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().op().ordinal())
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(alpha)
        .put(a)
        .put(y)
        .execute(kernel);
  }
}
