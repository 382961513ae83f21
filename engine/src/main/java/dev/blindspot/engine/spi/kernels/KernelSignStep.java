package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SignStepDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedSignStep;

/** Sign steps by kernels/rows_step.cpp. */
final class KernelSignStep extends CheckedSignStep {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        SignStepDesc.class,
        "sign-step",
        (d, o) -> "",
        (d, o, i) -> new KernelSignStep(backend, d, o, i));
  }

  private KernelSignStep(
      KernelBackend backend, SignStepDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("sign_step");
  }

  @Override
  protected void run(
      Context ctx,
      long n,
      Tensor centre,
      Tensor radius,
      Tensor x,
      Tensor g,
      double alpha,
      Tensor z,
      Tensor size) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(centre)
        .put(radius)
        .put(x)
        .put(g)
        .put(z)
        .put(size)
        .put(alpha)
        .put(desc().low())
        .put(desc().high())
        .execute(kernel);
  }
}
