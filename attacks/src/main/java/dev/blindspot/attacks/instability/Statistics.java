package dev.blindspot.attacks.instability;

import java.util.Arrays;

/**
 * A quantity over samples.
 *
 * @param median mean of the two middle values if their number is even
 */
public record Statistics(double mean, double median, double max) {

  /** Of these values, which are not changed; not numbers if there are none. */
  static Statistics of(double[] values) {
    int n = values.length;
    if (n == 0) {
      return new Statistics(Double.NaN, Double.NaN, Double.NaN);
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    return new Statistics(Arrays.stream(sorted).sum() / n, median, sorted[n - 1]);
  }
}
