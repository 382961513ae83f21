package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedElementwise;

/** Element-wise operations by the formula; I32 results saturate. */
final class ReferenceElementwise extends CheckedElementwise {

  static void register(ReferenceBackend backend) {
    backend.add(ElementwiseDesc.class, (d, o, i) -> new ReferenceElementwise(backend, d, o, i));
  }

  private ReferenceElementwise(
      ReferenceBackend backend, ElementwiseDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor a, Tensor b, double alpha, double beta, Tensor y) {
    Cells left = Cells.of(a);
    Cells right = Cells.of(b);
    Cells out = Cells.of(y);
    for (long i = 0; i < n * desc().length(); i++) {
      double l = left == null ? 0 : left.get(i);
      double r = right == null ? 0 : right.get(i);
      out.set(i, value(l, r, alpha, beta));
    }
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
