package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedRandom;

/** Random numbers by kernels/rows_random.cpp, with the bits of the reference. */
final class KernelRandom extends CheckedRandom {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        RandomDesc.class, "random", (d, o) -> "", (d, o, i) -> new KernelRandom(backend, d, o, i));
  }

  private KernelRandom(KernelBackend backend, RandomDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("random");
  }

  @Override
  protected void run(Context ctx, long n, RandomKey key, Tensor y) {
    backend
        .begin(ctx, desc(), 0)
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
