package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedArgmax;

/** Index of each row's maximum. */
final class ReferenceArgmax extends CheckedArgmax {

  static void register(ReferenceBackend backend) {
    backend.add(ArgmaxDesc.class, (d, o, i) -> new ReferenceArgmax(backend, d, o, i));
  }

  private ReferenceArgmax(
      ReferenceBackend backend, ArgmaxDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor index) {
    long length = desc().length();
    Cells in = Cells.of(x);
    Cells out = Cells.of(index);
    for (long i = 0; i < n; i++) {
      long best = 0;
      for (long j = 1; j < length; j++) {
        double v = in.get(i * length + j);
        double m = in.get(i * length + best);
        if (v > m || (Double.isNaN(v) && !Double.isNaN(m))) {
          best = j;
        }
      }
      out.set(i, best);
    }
  }
}
