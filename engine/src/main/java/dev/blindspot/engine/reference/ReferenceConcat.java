package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedConcat;
import java.util.List;

/** Concatenation, row by row. */
final class ReferenceConcat extends CheckedConcat {

  static void register(ReferenceBackend backend) {
    backend.add(ConcatDesc.class, (d, o, i) -> new ReferenceConcat(backend, d, o, i));
  }

  private ReferenceConcat(
      ReferenceBackend backend, ConcatDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void runForward(Context ctx, long n, List<Tensor> parts, Tensor y) {
    long skip = 0;
    for (int part = 0; part < parts.size(); part++) {
      long length = desc().lengths().get(part);
      Cells in = Cells.of(parts.get(part));
      Cells out = Cells.of(y);
      for (long i = 0; i < n * length; i++) {
        out.set(i / length * desc().length() + skip + i % length, in.get(i));
      }
      skip += length;
    }
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor dy, List<Tensor> parts) {
    long skip = 0;
    for (int part = 0; part < parts.size(); part++) {
      long length = desc().lengths().get(part);
      if (parts.get(part) != null) {
        Cells in = Cells.of(dy);
        Cells out = Cells.of(parts.get(part));
        for (long i = 0; i < n * length; i++) {
          give(out, i, in.get(i / length * desc().length() + skip + i % length));
        }
      }
      skip += length;
    }
  }

  /** Stores or, with the accumulate option, adds a gradient. */
  private void give(Cells dx, long i, double g) {
    dx.set(i, options().accumulate() ? dx.get(i) + g : g);
  }
}
