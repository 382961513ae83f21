package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Element-wise operations by the formula; I32 results saturate. */
final class ReferenceElementwise extends BasePlan<ElementwiseDesc> implements ElementwisePlan {

  static void register(ReferenceBackend backend) {
    backend.add(ElementwiseDesc.class, (d, o, i) -> new ReferenceElementwise(backend, d, o, i));
  }

  private ReferenceElementwise(
      ReferenceBackend backend, ElementwiseDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void execute(Context ctx, Tensor a, Tensor b, double alpha, double beta, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("y", y, desc().type(), desc().n(), desc().length());
    int operands = desc().op().operands();
    Cells left = operands > 0 ? operand("a", a, y, n) : null;
    Cells right = operands > 1 ? operand("b", b, y, n) : null;
    Cells out = Cells.of(y);
    for (long i = 0; i < n * desc().length(); i++) {
      double l = left == null ? 0 : left.get(i);
      double r = right == null ? 0 : right.get(i);
      out.set(i, value(l, r, alpha, beta));
    }
  }

  private Cells operand(String name, Tensor t, Tensor y, long n) {
    rows(name, t, desc().type(), n, desc().length());
    distinct("y", y, name, t, true);
    return Cells.of(t);
  }

  private double value(double a, double b, double alpha, double beta) {
    return switch (desc().op()) {
      case FILL -> alpha;
      case COPY -> a;
      case NEGATE -> -a;
      case ABS -> Math.abs(a);
      case SIGN -> Math.signum(a);
      case SQUARE -> a * a;
      case SQRT -> Math.sqrt(a);
      case RECIPROCAL -> 1 / a;
      case EXP -> Math.exp(a);
      case LOG -> Math.log(a);
      case AFFINE -> alpha * a + beta;
      case CLIP -> Math.min(Math.max(a, alpha), beta);
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> a / b;
      case MINIMUM -> Math.min(a, b);
      case MAXIMUM -> Math.max(a, b);
      case LINEAR_COMBINATION -> alpha * a + beta * b;
    };
  }
}
