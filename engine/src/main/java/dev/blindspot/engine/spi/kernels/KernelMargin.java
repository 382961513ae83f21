package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedMargin;

/** Margins by kernels/loss.cpp. */
final class CpuMargin extends CheckedMargin {
  private final CpuBackend backend;
  private final long kernel;

  static void register(CpuBackend backend) {
    backend.add(
        MarginDesc.class,
        "margin",
        (d, o) -> CpuBackend.onlyF32(d.type()),
        (d, o, i) -> new CpuMargin(backend, d, o, i));
  }

  private CpuMargin(CpuBackend backend, MarginDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("margin_f32");
  }

  private CpuContext begin(Context ctx) {
    return CpuContext.begin(ctx, backend, desc(), 0);
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
