package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedRowReduce;

/** Row reductions; sums are compensated (Neumaier 1974), so that F64 has an oracle too. */
final class ReferenceRowReduce extends CheckedRowReduce {

  static void register(ReferenceBackend backend) {
    backend.add(RowReduceDesc.class, (d, o, i) -> new ReferenceRowReduce(backend, d, o, i));
  }

  private ReferenceRowReduce(
      ReferenceBackend backend, RowReduceDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor a, Tensor b, Tensor y) {
    long length = desc().length();
    Cells left = Cells.of(a);
    Cells right = b == null ? left : Cells.of(b);
    Cells out = Cells.of(y);
    for (long i = 0; i < n; i++) {
      out.set(i, reduce(left, right, i * length, (i + 1) * length));
    }
  }

  private double reduce(Cells a, Cells b, long from, long to) {
    return switch (desc().reduction()) {
      case SUM, DOT, L1, SQUARED_L2, L0 -> sum(a, b, from, to);
      case L2 -> Math.sqrt(sum(a, b, from, to));
      case LINF, MAX, MIN -> extreme(a, from, to);
    };
  }

  private double sum(Cells a, Cells b, long from, long to) {
    double plain = 0;
    double lost = 0;
    for (long i = from; i < to; i++) {
      double v = term(a.get(i), b.get(i));
      double next = plain + v;
      lost += Math.abs(plain) >= Math.abs(v) ? (plain - next) + v : (v - next) + plain;
      plain = next;
    }
    // With infinities the compensation is NaN where the sum need not be.
    return Double.isFinite(plain) ? plain + lost : plain;
  }

  private double term(double a, double b) {
    return switch (desc().reduction()) {
      case DOT -> a * b;
      case L1 -> Math.abs(a);
      case L2, SQUARED_L2 -> a * a;
      case L0 -> Double.isNaN(a) ? a : a != 0 ? 1 : 0;
      default -> a;
    };
  }

  private double extreme(Cells a, long from, long to) {
    boolean absolute = desc().reduction() == Reduction.LINF;
    double m = absolute ? Math.abs(a.get(from)) : a.get(from);
    for (long i = from + 1; i < to; i++) {
      double v = absolute ? Math.abs(a.get(i)) : a.get(i);
      m = desc().reduction() == Reduction.MIN ? Math.min(m, v) : Math.max(m, v);
    }
    return m;
  }
}
