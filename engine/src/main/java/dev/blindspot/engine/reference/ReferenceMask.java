package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.MaskPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Logic on masks. */
final class ReferenceMask extends BasePlan<MaskDesc> implements MaskPlan {

  static void register(ReferenceBackend backend) {
    backend.add(MaskDesc.class, (d, o, i) -> new ReferenceMask(backend, d, o, i));
  }

  private ReferenceMask(
      ReferenceBackend backend, MaskDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void execute(Context ctx, Tensor a, Tensor b, Tensor y) {
    planned(Direction.FORWARD);
    boolean binary = desc().op() != MaskOp.NOT;
    long n = batch("a", a, ElementType.U8, desc().n(), desc().length());
    rows("y", y, ElementType.U8, n, desc().length());
    distinct("y", y, "a", a, true);
    if (binary) {
      rows("b", b, ElementType.U8, n, desc().length());
      distinct("y", y, "b", b, true);
    }
    Cells left = Cells.of(a);
    Cells right = binary ? Cells.of(b) : left;
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
