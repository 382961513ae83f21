package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.DropoutDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedDropout;

/** Dropout by kernels/move.cpp, with the bits of the reference. */
final class CpuDropout extends CheckedDropout {
  private final CpuBackend backend;
  private final long kernel;

  static void register(CpuBackend backend) {
    backend.add(
        DropoutDesc.class,
        "dropout",
        (d, o) -> CpuBackend.onlyF32(d.type()),
        (d, o, i) -> new CpuDropout(backend, d, o, i));
  }

  private CpuDropout(CpuBackend backend, DropoutDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("dropout_f32");
  }

  private CpuContext begin(Context ctx) {
    return CpuContext.begin(ctx, backend, desc(), 0);
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
