package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedConcat;
import java.util.List;

/** Concatenation, a part at a time, by kernels/move.cpp. */
final class KernelConcat extends CheckedConcat {
  private final KernelBackend backend;
  private final long join;
  private final long split;

  static void register(KernelBackend backend) {
    backend.add(
        ConcatDesc.class,
        "concat",
        (d, o) -> reasonWhyNot(d, o),
        (d, o, i) -> new KernelConcat(backend, d, o, i));
  }

  private static String reasonWhyNot(ConcatDesc d, PlanOptions o) {
    boolean adds = d.type() == ElementType.F32 || d.type() == ElementType.F64;
    return adds || !o.accumulate() ? "" : "accumulation in " + d.type();
  }

  private KernelConcat(KernelBackend backend, ConcatDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    join = backend.kernel("concat");
    split = backend.kernel("split");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  @Override
  protected void runForward(Context ctx, long n, List<Tensor> parts, Tensor y) {
    each(ctx, n, parts, y, join);
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor dy, List<Tensor> parts) {
    each(ctx, n, parts, dy, split);
  }

  private void each(Context ctx, long n, List<Tensor> parts, Tensor whole, long kernel) {
    long skip = 0;
    for (int i = 0; i < parts.size(); i++) {
      long length = desc().lengths().get(i);
      if (parts.get(i) != null) {
        begin(ctx)
            .put(desc().type().bytes())
            .put(n)
            .put(length)
            .put(desc().length())
            .put(skip)
            .put(options().accumulate())
            .put(parts.get(i))
            .put(whole)
            .execute(kernel);
      }
      skip += length;
    }
  }
}
