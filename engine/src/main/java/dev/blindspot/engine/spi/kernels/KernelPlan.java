package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/**
 * A plan that checks its tensors itself, calls {@link #begin}, writes the kernel's arguments and
 * executes it.
 */
public abstract class KernelPlan<D extends Desc<?>> extends BasePlan<D> {
  private final KernelBackend backend;

  protected KernelPlan(
      KernelBackend backend, D desc, PlanOptions options, Implementation<?, ?> chosen) {
    super(backend, desc, options, chosen);
    this.backend = backend;
  }

  /** A call that is ready for arguments. */
  protected final KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), workspaceBytes());
  }
}
