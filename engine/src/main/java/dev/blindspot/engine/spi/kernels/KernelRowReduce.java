package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedRowReduce;

/** Row reductions by kernels/rows_reduce.cpp. */
final class KernelRowReduce extends CheckedRowReduce {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        RowReduceDesc.class,
        "row-reduce",
        (d, o) -> "",
        (d, o, i) -> new KernelRowReduce(backend, d, o, i));
  }

  private KernelRowReduce(
      KernelBackend backend, RowReduceDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("row_reduce");
  }

  @Override
  protected void run(Context ctx, long n, Tensor a, Tensor b, Tensor y) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().reduction().ordinal())
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(a)
        .put(b)
        .put(y)
        .execute(kernel);
  }
}
