package dev.blindspot.attacks.calibration;

import dev.blindspot.engine.InvalidInputException;
import java.util.Arrays;

/** How well a score tells two kinds of samples apart. */
public final class Auroc {
  private Auroc() {}

  /**
   * The area under the receiver operating characteristic: the chance that a positive's score is
   * above a negative's, equal scores counted half (Mann and Whitney 1947). 1/2 tells nothing, 1
   * tells all apart.
   *
   * @throws InvalidInputException if there are none of a kind, or a score is not a number
   */
  public static double of(double[] negatives, double[] positives) {
    if (negatives.length == 0 || positives.length == 0) {
      throw new InvalidInputException(
          "AUROC: "
              + negatives.length
              + " negatives and "
              + positives.length
              + " positives; both kinds are needed");
    }
    double[] sorted = negatives.clone();
    Arrays.sort(sorted);
    double sum = 0;
    for (double p : positives) {
      if (Double.isNaN(p) || Double.isNaN(sorted[sorted.length - 1])) {
        throw new InvalidInputException("AUROC: a score is not a number");
      }
      // -0.0 and 0.0 are equal scores, but not for the sort.
      double score = p + 0.0;
      sum += 0.5 * (below(sorted, score, false) + below(sorted, score, true));
    }
    return sum / positives.length / negatives.length;
  }

  /** Values below a score, or at most as large. */
  private static int below(double[] sorted, double score, boolean orEqual) {
    int from = 0;
    int to = sorted.length;
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (orEqual ? sorted[middle] <= score : sorted[middle] < score) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }
}
