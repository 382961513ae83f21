package dev.blindspot.attacks.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.blindspot.engine.InvalidInputException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PermutationTestTest {
  private static final double[] ONE = {1};

  private static double[] filled(int n, double value) {
    double[] v = new double[n];
    Arrays.fill(v, value);
    return v;
  }

  @Test
  void equalValuesGiveOne() {
    // 0.1 has no exact sum: the order of summation must not decide.
    assertEquals(1, PermutationTest.pValue(filled(20, 0.1), filled(13, 0.1), 1000, 1));
    assertEquals(1, PermutationTest.pValue(ONE, new double[] {0}, 1000, 1), "two sides of one");
  }

  @Test
  void separatedGroupsGiveTheLeastInBothDirections() {
    // 2 of 40 over 20 assignments, 1.4e-11, are as extreme.
    double[] low = filled(20, 0.25);
    double[] high = filled(20, 0.75);
    assertEquals(1 / 10_001.0, PermutationTest.pValue(low, high, 10_000, 1));
    assertEquals(1 / 10_001.0, PermutationTest.pValue(high, low, 10_000, 1));
  }

  @Test
  void agreesWithTheCountOfAllAssignments() {
    double[] a = {0.1, 0.2, 0.35, 0.9};
    double[] b = {0.15, 0.6, 0.7, 0.8, 1.0};
    double[] all = {0.1, 0.2, 0.35, 0.9, 0.15, 0.6, 0.7, 0.8, 1.0};
    double total = Arrays.stream(all).sum();
    double seen = Math.abs(1.55 / 4 - 3.25 / 5);
    int extreme = 0;
    int assignments = 0;
    for (int set = 0; set < 1 << 9; set++) {
      if (Integer.bitCount(set) == 4) {
        double sum = 0;
        for (int i = 0; i < 9; i++) {
          sum += (set >> i & 1) * all[i];
        }
        assignments++;
        extreme += Math.abs(sum / 4 - (total - sum) / 5) >= seen - 1e-12 ? 1 : 0;
      }
    }
    double exact = (double) extreme / assignments;
    int m = 40_000;
    double deviation = Math.sqrt(exact * (1 - exact) / m);
    assertEquals(exact, PermutationTest.pValue(a, b, m, 3), 5 * deviation);
  }

  @Test
  void holdsItsLevelWhenTheGroupsDoNotDiffer() {
    SplittableRandom random = new SplittableRandom(5);
    int rejected = 0;
    for (int i = 0; i < 400; i++) {
      double[] a = random.doubles(8).toArray();
      double[] b = random.doubles(12).toArray();
      rejected += PermutationTest.pValue(a, b, 199, i) <= 0.05 ? 1 : 0;
    }
    // 20 are expected, with a standard deviation of 4.4.
    assertEquals(20, rejected, 18);
  }

  @Test
  void equalSeedGivesEqualBits() {
    double[] a = {0.1, 0.5, 0.4};
    double[] b = {0.3, 0.9, 0.7, 0.8};
    assertEquals(PermutationTest.pValue(a, b, 999, 7), PermutationTest.pValue(a, b, 999, 7));
  }

  @Test
  void badInputIsRefused() {
    double[] none = {};
    assertThrows(InvalidInputException.class, () -> PermutationTest.pValue(none, ONE, 9, 1));
    assertThrows(InvalidInputException.class, () -> PermutationTest.pValue(ONE, none, 9, 1));
    assertThrows(InvalidInputException.class, () -> PermutationTest.pValue(ONE, ONE, 0, 1));
    double[] nan = {Double.NaN};
    assertThrows(InvalidInputException.class, () -> PermutationTest.pValue(ONE, nan, 9, 1));
  }
}
