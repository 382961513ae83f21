package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ReorderDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedReorder;

/** Change of layout by kernels/move.cpp: a transposition of c x hw for each image. */
final class KernelReorder extends CheckedReorder {
  private final KernelBackend backend;
  private final long kernel;

  static void register(KernelBackend backend) {
    backend.add(
        ReorderDesc.class,
        "reorder",
        (d, o) -> "",
        (d, o, i) -> new KernelReorder(backend, d, o, i));
  }

  private KernelReorder(
      KernelBackend backend, ReorderDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel("reorder");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor y) {
    long area = (long) desc().h() * desc().w();
    long c = desc().c();
    boolean same = desc().from() == desc().to();
    boolean fromChannelsFirst = desc().from() == Layout.NCHW;
    // An unchanged layout is the transposition of one long row.
    begin(ctx)
        .put(desc().type().bytes())
        .put(n)
        .put(same ? 1 : fromChannelsFirst ? c : area)
        .put(same ? c * area : fromChannelsFirst ? area : c)
        .put(x)
        .put(y)
        .execute(kernel);
  }
}
