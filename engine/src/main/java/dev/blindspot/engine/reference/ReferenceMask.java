package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedMask;

/** Logic on masks. */
final class ReferenceMask extends CheckedMask {

  static void register(ReferenceBackend backend) {
    backend.add(MaskDesc.class, (d, o, i) -> new ReferenceMask(backend, d, o, i));
  }

  private ReferenceMask(
      ReferenceBackend backend, MaskDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor a, Tensor b, Tensor y) {
    Cells left = Cells.of(a);
    Cells right = b == null ? left : Cells.of(b);
    Cells out = Cells.of(y);
    for (long i = 0; i < n * desc().length(); i++) {
      out.set(i, holds(left.get(i) != 0, right.get(i) != 0) ? 1 : 0);
    }
  }

  private boolean holds(boolean a, boolean b) {
    return switch (desc().op()) {
      case AND -> a && b;
      case OR -> a || b;
      case AND_NOT -> a && !b;
      case NOT -> !a;
    };
  }
}
