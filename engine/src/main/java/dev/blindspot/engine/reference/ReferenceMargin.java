package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedMargin;

/** Margins by the formula. */
final class ReferenceMargin extends CheckedMargin {

  static void register(ReferenceBackend backend) {
    backend.add(MarginDesc.class, (d, o, i) -> new ReferenceMargin(backend, d, o, i));
  }

  private ReferenceMargin(
      ReferenceBackend backend, MarginDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor z, Tensor labels, Tensor margin) {
    Cells logits = Cells.of(z);
    Cells wanted = Cells.of(labels);
    Cells out = Cells.of(margin);
    for (long i = 0; i < n; i++) {
      long label = (long) wanted.get(i);
      double other = Double.NEGATIVE_INFINITY;
      for (long j = 0; j < desc().classes(); j++) {
        if (j != label) {
          other = Math.max(other, logits.get(i * desc().classes() + j));
        }
      }
      boolean valid = label >= 0 && label < desc().classes();
      out.set(i, valid ? logits.get(i * desc().classes() + label) - other : Double.NaN);
    }
  }
}
