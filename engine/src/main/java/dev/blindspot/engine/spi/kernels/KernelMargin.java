package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedMargin;

/** Margins by kernels/loss.cpp. */
final class KernelMargin extends CheckedMargin {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        MarginDesc.class,
        "margin",
        (d, o) -> KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelMargin(backend, d, o, i));
  }

  private KernelMargin(KernelBackend backend, MarginDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("margin_f32");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  @Override
  protected void run(Context ctx, long n, Tensor z, Tensor labels, Tensor margin) {
    begin(ctx)
        .put(0L)
        .put(n)
        .put(desc().classes())
        .put(0.0)
        .put(0.0)
        .put(z)
        .put(labels)
        .put(margin)
        .put(0L)
        .execute(kernel);
  }
}
