package dev.blindspot.nn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Entropies of draws made by hand. */
class PredictionTest {
  private static final double LN2 = Math.log(2);

  @Test
  void drawsThatContradictEachOtherAreAllMutualInformation() {
    Prediction p =
        Prediction.of(List.of(new double[] {1, 0, 0.5, 0.5}, new double[] {0, 1, 0.5, 0.5}), 2);
    assertEquals(2, p.draws());
    assertEquals(2, p.size());
    assertArrayEquals(new double[] {0.5, 0.5, 0.5, 0.5}, p.mean());
    assertArrayEquals(new double[] {LN2, LN2}, p.entropy(), 1e-15);
    // Sure draws that differ: not knowing the weights. Unsure draws that agree: noise in the data.
    assertArrayEquals(new double[] {LN2, 0}, p.mutualInformation(), 1e-15);
  }

  @Test
  void oneDrawIsItsOwnMean() {
    double[] draw = {0.2, 0.7, 0.1};
    Prediction p = Prediction.of(List.of(draw), 3);
    assertArrayEquals(draw, p.mean());
    double h = -(0.2 * Math.log(0.2) + 0.7 * Math.log(0.7) + 0.1 * Math.log(0.1));
    assertEquals(h, p.entropy()[0], 1e-15);
    assertEquals(0, p.mutualInformation()[0]);
    assertEquals(1, p.label(0));
    assertEquals(0.7, p.confidence(0));
  }

  @Property(tries = 200)
  void entropiesKeepTheirRanges(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int classes) {
    SplittableRandom random = new SplittableRandom(seed);
    List<double[]> draws = new ArrayList<>();
    for (int t = 0; t < 5; t++) {
      double[] p = new double[3 * classes];
      for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int c = 0; c < classes; c++) {
          p[i * classes + c] = Math.pow(random.nextDouble(), 8);
          sum += p[i * classes + c];
        }
        for (int c = 0; c < classes; c++) {
          p[i * classes + c] /= sum;
        }
      }
      draws.add(p);
    }
    Prediction p = Prediction.of(draws, classes);
    for (int i = 0; i < 3; i++) {
      assertTrue(p.entropy()[i] >= -1e-15 && p.entropy()[i] <= Math.log(classes) + 1e-12);
      assertTrue(p.mutualInformation()[i] >= 0);
      assertTrue(p.mutualInformation()[i] <= p.entropy()[i] + 1e-12);
      assertTrue(p.confidence(i) >= 1.0 / classes - 1e-12);
    }
  }

  @Test
  void badDrawsAreRefused() {
    assertThrows(InvalidInputException.class, () -> Prediction.of(List.of(), 2));
    assertThrows(InvalidInputException.class, () -> Prediction.of(List.of(new double[3]), 2));
    assertThrows(
        InvalidInputException.class, () -> Prediction.of(List.of(new double[2], new double[4]), 2));
  }
}
