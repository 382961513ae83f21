package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.RowwisePlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** One number for each row, applied to the row. */
final class ReferenceRowwise extends BasePlan<RowwiseDesc> implements RowwisePlan {

  static void register(ReferenceBackend backend) {
    backend.add(RowwiseDesc.class, (d, o, i) -> new ReferenceRowwise(backend, d, o, i));
  }

  private ReferenceRowwise(
      ReferenceBackend backend, RowwiseDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void execute(Context ctx, Tensor alpha, Tensor a, Tensor y) {
    planned(Direction.FORWARD);
    long length = desc().length();
    long n = batch("a", a, desc().type(), desc().n(), length);
    rows("alpha", alpha, desc().type(), n, 1);
    rows("y", y, desc().type(), n, length);
    distinct("y", y, "a", a, true);
    distinct("y", y, "alpha", alpha, length == 1);
    Cells number = Cells.of(alpha);
    Cells in = Cells.of(a);
    Cells out = Cells.of(y);
    for (long i = 0; i < n; i++) {
      double s = number.get(i);
      for (long j = i * length; j < (i + 1) * length; j++) {
        out.set(j, value(s, in.get(j), out.get(j)));
      }
    }
  }

  private double value(double s, double a, double y) {
    double scaled = s == 0 && desc().op() != RowwiseOp.ADD ? 0 : s * a;
    return switch (desc().op()) {
      case SCALE -> scaled;
      case ADD -> a + s;
      case AXPY -> y + scaled;
    };
  }
}
