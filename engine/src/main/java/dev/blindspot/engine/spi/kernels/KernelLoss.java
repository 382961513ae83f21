package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedLoss;

/** Losses by kernels/loss.cpp. */
final class KernelLoss extends CheckedLoss {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        LossDesc.class,
        "loss",
        (d, o) -> KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelLoss(backend, d, o, i));
  }

  private KernelLoss(KernelBackend backend, LossDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("loss_f32");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  @Override
  protected void run(
      Context ctx, long n, Tensor z, Tensor labels, double scale, Tensor loss, Tensor dz) {
    begin(ctx)
        .put(desc().loss().ordinal())
        .put(n)
        .put(desc().classes())
        .put(desc().kappa())
        .put(scale)
        .put(z)
        .put(labels)
        .put(loss)
        .put(dz)
        .execute(kernel);
  }
}
