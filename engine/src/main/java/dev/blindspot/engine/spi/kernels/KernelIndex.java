package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedIndex;

/**
 * Copies by index by kernels/rows_index.cpp: an index outside gives NaN, or leaves integers alone.
 */
final class CpuIndex extends CheckedIndex {
  private final CpuBackend backend;
  private final long kernel;

  static void register(CpuBackend backend) {
    backend.add(
        IndexDesc.class, "index", (d, o) -> "", (d, o, i) -> new CpuIndex(backend, d, o, i));
  }

  private CpuIndex(CpuBackend backend, IndexDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("index");
  }

  @Override
  protected void run(Context ctx, long n, long bound, Tensor index, Tensor x, Tensor y) {
    CpuContext.begin(ctx, backend, desc(), 0)
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
