package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedRandom;

/** Random numbers by kernels/rows_random.cpp, with the bits of the reference. */
final class CpuRandom extends CheckedRandom {
  private final CpuBackend backend;
  private final long kernel;

  static void register(CpuBackend backend) {
    backend.add(
        RandomDesc.class, "random", (d, o) -> "", (d, o, i) -> new CpuRandom(backend, d, o, i));
  }

  private CpuRandom(CpuBackend backend, RandomDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("random");
  }

  @Override
  protected void run(Context ctx, long n, RandomKey key, Tensor y) {
    CpuContext.begin(ctx, backend, desc(), 0)
        .put(desc().distribution().ordinal())
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(key.seed())
        .put(key.stream())
        .put(key.sample())
        .put(key.step())
        .put(y)
        .put(desc().a())
        .put(desc().b())
        .execute(kernel);
  }
}
