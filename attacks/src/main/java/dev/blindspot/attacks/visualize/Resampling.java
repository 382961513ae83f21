package dev.blindspot.attacks.visualize;

/**
 * Bilinear resampling of planes to another size, pixel centres at half-integers, the border
 * repeated outside; and its transpose, which takes gradients back.
 */
final class Resampling {
  private final Axis rows;
  private final Axis columns;

  /** For each target its two sources and the second one's weight. */
  private record Axis(int from, int to, int[] first, int[] second, double[] weight) {
    static Axis of(int from, int to) {
      int[] first = new int[to];
      int[] second = new int[to];
      double[] weight = new double[to];
      for (int i = 0; i < to; i++) {
        double at = (i + 0.5) * from / to - 0.5;
        double low = Math.floor(at);
        first[i] = (int) Math.max(0, Math.min(from - 1, low));
        second[i] = (int) Math.max(0, Math.min(from - 1, low + 1));
        weight[i] = at - low;
      }
      return new Axis(from, to, first, second, weight);
    }
  }

  Resampling(int fromHeight, int fromWidth, int toHeight, int toWidth) {
    rows = Axis.of(fromHeight, toHeight);
    columns = Axis.of(fromWidth, toWidth);
  }

  private int planes(int length, int h, int w) {
    return length / (h * w);
  }

  /** A new array with all planes of x at the new size. */
  double[] apply(double[] x) {
    int planes = planes(x.length, rows.from, columns.from);
    double[] y = new double[planes * rows.to * columns.to];
    each(planes, (from, to, weight) -> y[to] += weight * x[from]);
    return y;
  }

  /** A new array with the transpose of {@link #apply} on all planes of y. */
  double[] transpose(double[] y) {
    int planes = planes(y.length, rows.to, columns.to);
    double[] x = new double[planes * rows.from * columns.from];
    each(planes, (from, to, weight) -> x[from] += weight * y[to]);
    return x;
  }

  private interface Entry {
    void visit(int from, int to, double weight);
  }

  private void each(int planes, Entry entry) {
    for (int p = 0; p < planes; p++) {
      for (int i = 0; i < rows.to; i++) {
        double below = rows.weight[i];
        int top = (p * rows.from + rows.first[i]) * columns.from;
        int bottom = (p * rows.from + rows.second[i]) * columns.from;
        for (int j = 0; j < columns.to; j++) {
          int to = (p * rows.to + i) * columns.to + j;
          double right = columns.weight[j];
          entry.visit(top + columns.first[j], to, (1 - below) * (1 - right));
          entry.visit(top + columns.second[j], to, (1 - below) * right);
          entry.visit(bottom + columns.first[j], to, below * (1 - right));
          entry.visit(bottom + columns.second[j], to, below * right);
        }
      }
    }
  }
}
