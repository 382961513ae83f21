package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SortDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedSort;

/** Top-k by the kernel sort: the few one by one, else all keys in order. */
final class KernelSort extends CheckedSort {
  /** As rows_index.cu; rows_index.cpp needs no keys for more. */
  private static final int FEW = 8;

  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        SortDesc.class,
        "sort",
        (d, o) -> refusal(d),
        (d, o, i) -> new KernelSort(backend, d, o, i));
  }

  private KernelSort(KernelBackend backend, SortDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("sort");
  }

  private static String refusal(SortDesc d) {
    return d.length() > Integer.MAX_VALUE
        ? "rows of " + d.length() + "; the kernel's indices have 31 bits"
        : "";
  }

  /**
   * Two keys, twice as wide as an element, for each element of a row, for each task at a time; none
   * where the kernels pick the few one by one.
   */
  @Override
  public long workspaceBytes() {
    SortDesc d = desc();
    return d.k() <= FEW ? 0 : 4L * d.type().bytes() * d.length() * backend.parallelTasks(d.n());
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor values, Tensor indices) {
    backend
        .begin(ctx, desc(), workspaceBytes())
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(desc().k())
        .put(desc().descending())
        .put(x)
        .put(values)
        .put(indices)
        .putWorkspace()
        .execute(kernel);
  }
}
