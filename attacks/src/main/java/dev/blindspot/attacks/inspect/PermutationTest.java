package dev.blindspot.attacks.inspect;

import dev.blindspot.engine.InvalidInputException;
import java.util.SplittableRandom;

/**
 * Two-sided permutation test of the difference of two means: under the hypothesis that the group
 * does not matter, every assignment of the values to groups of these sizes is equally likely.
 *
 * <p>p = (1 + c) / (1 + m), where c of m random assignments give a difference at least as large as
 * the one seen; it is never 0, and the test holds its level for every m (Phipson and Smyth 2010).
 */
public final class PermutationTest {
  private PermutationTest() {}

  /**
   * The p value.
   *
   * @param permutations random assignments to draw, at least 1
   * @throws InvalidInputException if a group is empty, or a value is not finite
   */
  public static double pValue(double[] a, double[] b, int permutations, long seed) {
    if (a.length == 0 || b.length == 0 || permutations < 1) {
      throw new InvalidInputException(
          "Permutation test: groups of "
              + a.length
              + " and "
              + b.length
              + " values, "
              + permutations
              + " permutations; at least 1 of each is needed");
    }
    double[] all = new double[a.length + b.length];
    System.arraycopy(a, 0, all, 0, a.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    double magnitude = 0;
    for (double v : all) {
      if (!Double.isFinite(v)) {
        throw new InvalidInputException("Permutation test: value " + v + " is not finite");
      }
      magnitude += Math.abs(v);
    }
    // Equal differences may be summed in another order: each mean errs by n eps of the values' sum.
    double slack = 4 * all.length * Math.ulp(1.0) * magnitude;
    double seen = Math.abs(difference(all, a.length)) - slack;
    SplittableRandom random = new SplittableRandom(seed);
    int count = 0;
    for (int i = 0; i < permutations; i++) {
      choose(all, a.length, random);
      count += Math.abs(difference(all, a.length)) >= seen ? 1 : 0;
    }
    return (1.0 + count) / (1.0 + permutations);
  }

  /** Makes the first {@code group} values a random choice (Fisher and Yates, stopped early). */
  private static void choose(double[] all, int group, SplittableRandom random) {
    for (int i = 0; i < group; i++) {
      int j = i + random.nextInt(all.length - i);
      double t = all[i];
      all[i] = all[j];
      all[j] = t;
    }
  }

  /** Mean of the first {@code group} values less the mean of the others. */
  private static double difference(double[] all, int group) {
    double first = 0;
    double rest = 0;
    for (int i = 0; i < all.length; i++) {
      if (i < group) {
        first += all[i];
      } else {
        rest += all[i];
      }
    }
    return first / group - rest / (all.length - group);
  }
}
