package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SortDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedSort;
import java.util.Arrays;
import java.util.Comparator;

/** Top-k by a stable sort of each row's indices. */
final class ReferenceSort extends CheckedSort {

  static void register(ReferenceBackend backend) {
    backend.add(SortDesc.class, (d, o, i) -> new ReferenceSort(backend, d, o, i));
  }

  private ReferenceSort(
      ReferenceBackend backend, SortDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor values, Tensor indices) {
    Cells in = Cells.of(x);
    Cells sorted = Cells.of(values);
    Cells places = Cells.of(indices);
    for (long i = 0; i < n; i++) {
      row(in, i * desc().length(), sorted, places, i * desc().k());
    }
  }

  private void row(Cells in, long from, Cells sorted, Cells places, long to) {
    Integer[] order = new Integer[Math.toIntExact(desc().length())];
    Arrays.setAll(order, j -> j);
    Comparator<Integer> smallestFirst = (a, b) -> compare(in.get(from + a), in.get(from + b));
    // Arrays.sort is stable, and reversing the comparator keeps equals in order of their index.
    Arrays.sort(order, desc().descending() ? smallestFirst.reversed() : smallestFirst);
    for (int j = 0; j < desc().k(); j++) {
      if (sorted != null) {
        sorted.set(to + j, in.get(from + order[j]));
      }
      if (places != null) {
        places.set(to + j, order[j]);
      }
    }
  }

  /** NaN above everything; zeros of either sign are equal. */
  private static int compare(double a, double b) {
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Boolean.compare(Double.isNaN(a), Double.isNaN(b));
    }
    return a < b ? -1 : a > b ? 1 : 0;
  }
}
