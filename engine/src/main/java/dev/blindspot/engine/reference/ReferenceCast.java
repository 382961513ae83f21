package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CastDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedCast;

/** Reads as double, rounds when stored. */
final class ReferenceCast extends CheckedCast {

  static void register(ReferenceBackend backend) {
    backend.add(CastDesc.class, (d, o, i) -> new ReferenceCast(backend, d, o, i));
  }

  private ReferenceCast(
      ReferenceBackend backend, CastDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor y) {
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (long i = 0; i < n * desc().length(); i++) {
      out.set(i, in.get(i));
    }
  }
}
