package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/**
 * A plan of this backend. An execution checks its tensors, calls {@link #begin}, writes the
 * kernel's arguments and executes it.
 */
abstract class CpuPlan<D extends Desc<?>> extends BasePlan<D> {
  private final CpuBackend backend;

  CpuPlan(CpuBackend backend, D desc, PlanOptions options, Implementation<?, ?> chosen) {
    super(backend, desc, options, chosen);
    this.backend = backend;
  }

  final CpuBackend backend() {
    return backend;
  }

  /** The context, ready for arguments. */
  final CpuContext begin(Context ctx) {
    return CpuContext.begin(ctx, backend, desc(), workspaceBytes());
  }
}
