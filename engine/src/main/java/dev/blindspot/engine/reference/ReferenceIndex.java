package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.primitives.IndexOp;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedIndex;
import java.util.BitSet;

/** Copies by index. Indices are on the host, so a wrong one is refused before anything is done. */
final class ReferenceIndex extends CheckedIndex {

  static void register(ReferenceBackend backend) {
    backend.add(IndexDesc.class, (d, o, i) -> new ReferenceIndex(backend, d, o, i));
  }

  private ReferenceIndex(
      ReferenceBackend backend, IndexDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, long bound, Tensor index, Tensor x, Tensor y) {
    Cells at = Cells.of(index);
    refuseOutside(at, n, bound);
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    long length = desc().length();
    for (long i = 0; i < n; i++) {
      long k = (long) at.get(i);
      switch (desc().op()) {
        case GATHER_ROWS -> copy(in, k * length, out, i * length, length);
        case SCATTER_ROWS -> copy(in, i * length, out, k * length, length);
        case GATHER_ELEMENTS -> copy(in, i * length + k, out, i, 1);
      }
    }
  }

  private void refuseOutside(Cells at, long n, long bound) {
    BitSet seen = new BitSet();
    for (long i = 0; i < n; i++) {
      int k = (int) at.get(i);
      if (k < 0 || k >= bound) {
        throw new InvalidInputException(
            desc().summary() + ": index[" + i + "] is " + k + ", outside 0.." + (bound - 1));
      }
      if (desc().op() == IndexOp.SCATTER_ROWS && seen.get(k)) {
        throw new InvalidInputException(
            desc().summary() + ": index[" + i + "] = " + k + " is there twice");
      }
      seen.set(k);
    }
  }

  private static void copy(Cells in, long from, Cells out, long to, long count) {
    for (long j = 0; j < count; j++) {
      out.set(to + j, in.get(from + j));
    }
  }
}
