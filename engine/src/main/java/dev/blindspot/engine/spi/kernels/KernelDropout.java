package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.DropoutDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedDropout;

/** Dropout by kernels/move.cpp, with the bits of the reference. */
final class KernelDropout extends CheckedDropout {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        DropoutDesc.class,
        "dropout",
        (d, o) -> KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelDropout(backend, d, o, i));
  }

  private KernelDropout(
      KernelBackend backend, DropoutDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("dropout_f32");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  @Override
  protected void run(Context ctx, long n, RandomKey key, Tensor x, Tensor y, boolean accumulate) {
    begin(ctx)
        .put(n)
        .put(desc().length())
        .put(key.seed())
        .put(key.stream())
        .put(key.sample())
        .put(key.step())
        .put(accumulate)
        .put(x)
        .put(y)
        .put(desc().rate())
        .execute(kernel);
  }
}
