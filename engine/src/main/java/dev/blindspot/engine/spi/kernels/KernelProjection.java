package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ProjectionDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedProjection;

/** Projections by kernels/rows_project.cpp: Newton steps instead of sorted kinks. */
final class KernelProjection extends CheckedProjection {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        ProjectionDesc.class,
        "projection",
        (d, o) -> "",
        (d, o, i) -> new KernelProjection(backend, d, o, i));
  }

  private KernelProjection(
      KernelBackend backend, ProjectionDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("projection");
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor radius, Tensor y, Tensor z) {
    backend
        .begin(ctx, desc(), 0)
        .put(desc().norm().ordinal())
        .put(desc().type().ordinal())
        .put(n)
        .put(desc().length())
        .put(x)
        .put(radius)
        .put(y)
        .put(z)
        .put(desc().low())
        .put(desc().high())
        .execute(kernel);
  }
}
