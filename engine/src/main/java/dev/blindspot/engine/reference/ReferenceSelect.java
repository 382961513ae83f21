package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.primitives.SelectPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Choice by mask. */
final class ReferenceSelect extends BasePlan<SelectDesc> implements SelectPlan {

  static void register(ReferenceBackend backend) {
    backend.add(SelectDesc.class, (d, o, i) -> new ReferenceSelect(backend, d, o, i));
  }

  private ReferenceSelect(
      ReferenceBackend backend, SelectDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void execute(Context ctx, Tensor mask, Tensor a, Tensor b, Tensor y) {
    planned(Direction.FORWARD);
    long length = desc().length();
    long n = batch("y", y, desc().type(), desc().n(), length);
    rows("mask", mask, ElementType.U8, n, desc().perRow() ? 1 : length);
    rows("a", a, desc().type(), n, length);
    rows("b", b, desc().type(), n, length);
    distinct("y", y, "mask", mask, false);
    distinct("y", y, "a", a, true);
    distinct("y", y, "b", b, true);
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
