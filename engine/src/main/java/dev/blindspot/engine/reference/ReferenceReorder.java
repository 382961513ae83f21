package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ReorderDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedReorder;

/** Copies element by element. */
final class ReferenceReorder extends CheckedReorder {

  static void register(ReferenceBackend backend) {
    backend.add(ReorderDesc.class, (d, o, i) -> new ReferenceReorder(backend, d, o, i));
  }

  private ReferenceReorder(
      ReferenceBackend backend, ReorderDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor y) {
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (long image = 0; image < n; image++) {
      for (int c = 0; c < desc().c(); c++) {
        for (int row = 0; row < desc().h(); row++) {
          for (int column = 0; column < desc().w(); column++) {
            out.set(
                index(desc().to(), image, c, row, column),
                in.get(index(desc().from(), image, c, row, column)));
          }
        }
      }
    }
  }

  private long index(Layout layout, long n, int c, int row, int column) {
    return layout == Layout.NHWC
        ? ((n * desc().h() + row) * desc().w() + column) * desc().c() + c
        : ((n * desc().c() + c) * desc().h() + row) * desc().w() + column;
  }
}
