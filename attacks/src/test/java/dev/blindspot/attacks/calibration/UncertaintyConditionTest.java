package dev.blindspot.attacks.calibration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.uncertainty.Prediction;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class UncertaintyConditionTest {

  @Test
  void areaIsTheShareOfPairsInOrder() {
    assertEquals(1, Auroc.of(new double[] {1, 2}, new double[] {3, 4}));
    assertEquals(0, Auroc.of(new double[] {3, 4}, new double[] {1, 2}));
    assertEquals(0.5, Auroc.of(new double[] {1, 1}, new double[] {1, 1, 1}));
    assertEquals(0.75, Auroc.of(new double[] {1, 3}, new double[] {2, 4}));
    assertEquals(0.5, Auroc.of(new double[] {0.0}, new double[] {-0.0}));
  }

  @Property(tries = 100)
  void areaAgreesWithCountingAllPairs(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 20) int n,
      @ForAll @IntRange(min = 1, max = 20) int m) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] a = random.doubles(n).map(v -> Math.floor(5 * v)).toArray();
    double[] b = random.doubles(m).map(v -> Math.floor(5 * v)).toArray();
    double pairs = 0;
    for (double x : a) {
      for (double y : b) {
        pairs += y > x ? 1 : y == x ? 0.5 : 0;
      }
    }
    assertEquals(pairs / (n * m), Auroc.of(a, b), 1e-12);
    assertEquals(1, Auroc.of(a, b) + Auroc.of(b, a), 1e-12);
  }

  @Test
  void badScoresAreRefused() {
    double[] one = {1};
    double[] nan = {Double.NaN};
    assertThrows(InvalidInputException.class, () -> Auroc.of(new double[0], one));
    assertThrows(InvalidInputException.class, () -> Auroc.of(one, new double[0]));
    assertThrows(InvalidInputException.class, () -> Auroc.of(nan, one));
    assertThrows(InvalidInputException.class, () -> Auroc.of(one, nan));
  }

  @Test
  void unsureImagesAreToldFromSureOnes() {
    Prediction clean = Prediction.of(List.of(new double[] {1, 0, 0, 1}), 2);
    Prediction unsure = Prediction.of(List.of(new double[] {1, 0}, new double[] {0, 1}), 2);
    UncertaintyCondition c = UncertaintyCondition.of("mixed", unsure, clean, new int[] {0}, 10);
    assertEquals(1, c.entropyAuroc());
    assertEquals(1, c.informationAuroc());
    assertEquals(Math.log(2), c.entropy(), 1e-15);
    assertEquals(Math.log(2), c.mutualInformation(), 1e-15);
    assertEquals(0.5, c.calibration().confidence());
    UncertaintyCondition same =
        UncertaintyCondition.of("clean", clean, clean, new int[] {0, 1}, 10);
    assertEquals(0.5, same.entropyAuroc());
    assertEquals(1, same.calibration().accuracy());
  }
}
