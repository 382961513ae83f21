package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedRowwise;

/** One number for each row, applied to the row. */
final class ReferenceRowwise extends CheckedRowwise {

  static void register(ReferenceBackend backend) {
    backend.add(RowwiseDesc.class, (d, o, i) -> new ReferenceRowwise(backend, d, o, i));
  }

  private ReferenceRowwise(
      ReferenceBackend backend, RowwiseDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor alpha, Tensor a, Tensor y) {
    long length = desc().length();
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
