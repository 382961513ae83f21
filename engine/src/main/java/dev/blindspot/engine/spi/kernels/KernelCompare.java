package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedCompare;

/** Comparisons by kernels/rows_elementwise.cpp. */
final class KernelCompare extends CheckedCompare {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        CompareDesc.class,
        "compare",
        (d, o) -> "",
        (d, o, i) -> new KernelCompare(backend, d, o, i));
  }

  private KernelCompare(
      KernelBackend backend, CompareDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("compare");
  }

  @Override
  protected void run(Context ctx, long n, Tensor a, Tensor b, double number, Tensor mask) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().comparison().ordinal())
        .put(desc().type().ordinal())
        .put(n * desc().length())
        .put(a)
        .put(b)
        .put(number)
        .put(mask)
        .execute(kernel);
  }
}
