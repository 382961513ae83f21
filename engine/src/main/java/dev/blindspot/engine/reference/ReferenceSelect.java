package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedSelect;

/** Choice by mask. */
final class ReferenceSelect extends CheckedSelect {

  static void register(ReferenceBackend backend) {
    backend.add(SelectDesc.class, (d, o, i) -> new ReferenceSelect(backend, d, o, i));
  }

  private ReferenceSelect(
      ReferenceBackend backend, SelectDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor mask, Tensor a, Tensor b, Tensor y) {
    long length = desc().length();
    Cells choice = Cells.of(mask);
    Cells left = Cells.of(a);
    Cells right = Cells.of(b);
    Cells out = Cells.of(y);
    for (long i = 0; i < n * length; i++) {
      boolean first = choice.get(desc().perRow() ? i / length : i) != 0;
      out.set(i, first ? left.get(i) : right.get(i));
    }
  }
}
