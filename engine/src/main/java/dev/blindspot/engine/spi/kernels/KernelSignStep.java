package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SignStepDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedSignStep;

/** Sign steps by kernels/rows_step.cpp, or by another kernel that begins with its arguments. */
public class KernelSignStep extends CheckedSignStep {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        SignStepDesc.class,
        "sign-step",
        (d, o) -> "",
        (d, o, i) -> new KernelSignStep(backend, d, o, i, "sign_step"));
  }

  /**
   * @param kernel its name
   */
  protected KernelSignStep(
      KernelBackend backend, SignStepDesc d, PlanOptions o, Implementation<?, ?> i, String kernel) {
    super(backend, d, o, i);
    this.backend = backend;
    this.kernel = backend.kernel(kernel);
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
    arguments(ctx, n, centre, radius, x, g, alpha, z, size).execute(kernel);
  }

  /** In the order of the kernel's struct; those of another kernel may follow. */
  protected KernelCall arguments(
      Context ctx,
      long n,
      Tensor centre,
      Tensor radius,
      Tensor x,
      Tensor g,
      double alpha,
      Tensor z,
      Tensor size) {
    return backend
        .begin(ctx, desc(), workspaceBytes())
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
        .put(desc().high());
  }
}
