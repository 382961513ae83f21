package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.ComparePlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Comparisons as Java's operators on double do them, which is what IEEE 754 says. */
final class ReferenceCompare extends BasePlan<CompareDesc> implements ComparePlan {

  static void register(ReferenceBackend backend) {
    backend.add(CompareDesc.class, (d, o, i) -> new ReferenceCompare(backend, d, o, i));
  }

  private ReferenceCompare(
      ReferenceBackend backend, CompareDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void execute(Context ctx, Tensor a, Tensor b, Tensor mask) {
    planned(Direction.FORWARD);
    long n = check(a, mask);
    rows("b", b, desc().type(), n, desc().length());
    distinct("mask", mask, "b", b, false);
    Cells left = Cells.of(a);
    Cells right = Cells.of(b);
    Cells out = Cells.of(mask);
    for (long i = 0; i < n * desc().length(); i++) {
      out.set(i, holds(left.get(i), right.get(i)) ? 1 : 0);
    }
  }

  @Override
  public void execute(Context ctx, Tensor a, double b, Tensor mask) {
    planned(Direction.FORWARD);
    long n = check(a, mask);
    double right = desc().round(b);
    Cells left = Cells.of(a);
    Cells out = Cells.of(mask);
    for (long i = 0; i < n * desc().length(); i++) {
      out.set(i, holds(left.get(i), right) ? 1 : 0);
    }
  }

  private long check(Tensor a, Tensor mask) {
    long n = batch("a", a, desc().type(), desc().n(), desc().length());
    rows("mask", mask, ElementType.U8, n, desc().length());
    distinct("mask", mask, "a", a, false);
    return n;
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
