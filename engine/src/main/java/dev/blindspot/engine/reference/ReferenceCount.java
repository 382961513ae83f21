package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedCount;

/** Counts true elements. */
final class ReferenceCount extends CheckedCount {

  static void register(ReferenceBackend backend) {
    backend.add(CountDesc.class, (d, o, i) -> new ReferenceCount(backend, d, o, i));
  }

  private ReferenceCount(
      ReferenceBackend backend, CountDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long stretches, long length, Tensor mask, Tensor count) {
    Cells in = Cells.of(mask);
    Cells out = Cells.of(count);
    for (long i = 0; i < stretches; i++) {
      long trues = 0;
      for (long j = i * length; j < (i + 1) * length; j++) {
        trues += in.get(j) != 0 ? 1 : 0;
      }
      out.set(i, trues);
    }
  }
}
