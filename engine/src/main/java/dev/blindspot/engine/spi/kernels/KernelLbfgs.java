package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedLbfgs;

/** L-BFGS by kernels/rows_lbfgs.cpp: one pass over the history in memory, the rest in cache. */
final class KernelLbfgs extends CheckedLbfgs {
  private final KernelBackend backend;
  private final long update;
  private final long direction;

  static void register(KernelBackend backend) {
    backend.add(
        LbfgsDesc.class, "lbfgs", (d, o) -> "", (d, o, i) -> new KernelLbfgs(backend, d, o, i));
  }

  private KernelLbfgs(KernelBackend backend, LbfgsDesc d, PlanOptions o, Implementation<?, ?> i) {
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

  private KernelCall arguments(Context ctx, long n) {
    return backend
        .begin(ctx, desc(), 0)
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(desc().memory());
  }
}
