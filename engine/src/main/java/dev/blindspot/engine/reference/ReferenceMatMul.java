package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedMatMul;

/** Matrix product by three nested loops; every sum in double, rounded once. */
final class ReferenceMatMul extends CheckedMatMul {

  static void register(ReferenceBackend backend) {
    backend.add(MatMulDesc.class, (d, o, i) -> new ReferenceMatMul(backend, d, o, i));
  }

  private ReferenceMatMul(
      ReferenceBackend backend, MatMulDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, double alpha, Tensor a, Tensor b, double beta, Tensor c) {
    MatMulDesc d = desc();
    Cells left = Cells.of(a);
    Cells right = Cells.of(b);
    Cells out = Cells.of(c);
    for (int i = 0; i < d.m(); i++) {
      for (int j = 0; j < d.n(); j++) {
        double sum = 0;
        for (int l = 0; l < d.k(); l++) {
          double u = left.get(d.transposeA() ? (long) l * d.m() + i : (long) i * d.k() + l);
          double v = right.get(d.transposeB() ? (long) j * d.k() + l : (long) l * d.n() + j);
          sum += u * v;
        }
        long at = (long) i * d.n() + j;
        out.set(at, alpha * sum + (beta == 0 ? 0 : beta * out.get(at)));
      }
    }
  }
}
