package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedIndex;

/**
 * Copies by index by kernels/rows_index.cpp: an index outside gives NaN, or leaves integers alone.
 */
final class KernelIndex extends CheckedIndex {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        IndexDesc.class, "index", (d, o) -> "", (d, o, i) -> new KernelIndex(backend, d, o, i));
  }

  private KernelIndex(KernelBackend backend, IndexDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("index");
  }

  @Override
  protected void run(Context ctx, long n, long bound, Tensor index, Tensor x, Tensor y) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().op().ordinal())
        .put(desc().type().bytes())
        .put(desc().type().isFloating())
        .put(n)
        .put(bound)
        .put(desc().length())
        .put(index)
        .put(x)
        .put(y)
        .execute(kernel);
  }
}
