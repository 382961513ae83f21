package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedCompare;

/** Comparisons as Java's operators on double do them, which is what IEEE 754 says. */
final class ReferenceCompare extends CheckedCompare {

  static void register(ReferenceBackend backend) {
    backend.add(CompareDesc.class, (d, o, i) -> new ReferenceCompare(backend, d, o, i));
  }

  private ReferenceCompare(
      ReferenceBackend backend, CompareDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor a, Tensor b, double number, Tensor mask) {
    Cells left = Cells.of(a);
    Cells right = Cells.of(b);
    Cells out = Cells.of(mask);
    for (long i = 0; i < n * desc().length(); i++) {
      out.set(i, holds(left.get(i), right == null ? number : right.get(i)) ? 1 : 0);
    }
  }

  private boolean holds(double a, double b) {
    return switch (desc().comparison()) {
      case LESS -> a < b;
      case LESS_EQUAL -> a <= b;
      case GREATER -> a > b;
      case GREATER_EQUAL -> a >= b;
      case EQUAL -> a == b;
      case NOT_EQUAL -> a != b;
    };
  }
}
