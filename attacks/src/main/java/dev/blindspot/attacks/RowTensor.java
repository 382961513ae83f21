package dev.blindspot.attacks;

import dev.blindspot.engine.Tensor;

/** A tensor of a {@link RowStore} with one row for each sample that is still attacked. */
final class RowTensor {
  private final Tensor full;
  private Tensor view;

  RowTensor(Tensor full) {
    this.full = full;
    this.view = full;
  }

  /** The rows in use. */
  Tensor view() {
    return view;
  }

  /** All rows there are. */
  Tensor full() {
    return full;
  }

  void resize(long rows) {
    view = full.slice(0, rows);
  }
}
