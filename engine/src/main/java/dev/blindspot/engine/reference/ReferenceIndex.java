package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.primitives.IndexOp;
import dev.blindspot.engine.primitives.IndexPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;
import java.util.BitSet;

/** Copies by index. Indices are on the host, so a wrong one is refused before anything is done. */
final class ReferenceIndex extends BasePlan<IndexDesc> implements IndexPlan {

  static void register(ReferenceBackend backend) {
    backend.add(IndexDesc.class, (d, o, i) -> new ReferenceIndex(backend, d, o, i));
  }

  private ReferenceIndex(
      ReferenceBackend backend, IndexDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void execute(Context ctx, Tensor index, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("index", index, ElementType.I32, desc().n(), 1);
    long bound = check(index, x, y, n);
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

  /** Refuses wrong shapes and overlaps; returns the bound of the indices. */
  private long check(Tensor index, Tensor x, Tensor y, long n) {
    long length = desc().length();
    long bound =
        switch (desc().op()) {
          case GATHER_ROWS -> {
            rows("y", y, desc().type(), n, length);
            yield batch("x", x, desc().type(), desc().rows(), length);
          }
          case SCATTER_ROWS -> {
            rows("x", x, desc().type(), n, length);
            yield batch("y", y, desc().type(), desc().rows(), length);
          }
          case GATHER_ELEMENTS -> {
            rows("x", x, desc().type(), n, length);
            rows("y", y, desc().type(), n, 1);
            yield length;
          }
        };
    distinct("y", y, "x", x, false);
    distinct("y", y, "index", index, false);
    return bound;
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
