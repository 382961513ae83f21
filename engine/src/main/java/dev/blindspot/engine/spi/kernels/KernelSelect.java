package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedSelect;

/** Selection by kernels/rows_elementwise.cpp. */
final class KernelSelect extends CheckedSelect {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        SelectDesc.class, "select", (d, o) -> "", (d, o, i) -> new KernelSelect(backend, d, o, i));
  }

  private KernelSelect(KernelBackend backend, SelectDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("select");
  }

  @Override
  protected void run(Context ctx, long n, Tensor mask, Tensor a, Tensor b, Tensor y) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().type().bytes())
        .put(n)
        .put(desc().length())
        .put(desc().perRow())
        .put(mask)
        .put(a)
        .put(b)
        .put(y)
        .execute(kernel);
  }
}
