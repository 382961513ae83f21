package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedLbfgs;

/** L-BFGS by kernels/rows_lbfgs.cpp: one pass over the history in memory, the rest in cache. */
final class CpuLbfgs extends CheckedLbfgs {
  private final CpuBackend backend;
  private final long update;
  private final long direction;

  static void register(CpuBackend backend) {
    backend.add(
        LbfgsDesc.class, "lbfgs", (d, o) -> "", (d, o, i) -> new CpuLbfgs(backend, d, o, i));
  }

  private CpuLbfgs(CpuBackend backend, LbfgsDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    update = backend.kernel("lbfgs_update");
    direction = backend.kernel("lbfgs_direction");
  }

  @Override
  protected void store(
      Context ctx, long n, Tensor accept, Tensor s, Tensor y, LbfgsHistory history) {
    arguments(ctx, n)
        .put(accept)
        .put(s)
        .put(y)
        .put(history.s())
        .put(history.y())
        .put(history.count())
        .execute(update);
  }

  @Override
  protected void recurse(
      Context ctx, long n, Tensor g, Tensor free, LbfgsHistory history, Tensor d) {
    arguments(ctx, n)
        .put(g)
        .put(free)
        .put(history.s())
        .put(history.y())
        .put(history.count())
        .put(d)
        .execute(direction);
  }

  private CpuContext arguments(Context ctx, long n) {
    return CpuContext.begin(ctx, backend, desc(), 0)
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(desc().memory());
  }
}
