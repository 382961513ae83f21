package dev.blindspot.attacks.calibration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class CalibrationTest {

  /** Two classes; the first has the probability given. */
  private static double[][] two(double... first) {
    return Arrays.stream(first).mapToObj(p -> new double[] {p, 1 - p}).toArray(double[][]::new);
  }

  @Test
  void handMadePredictions() {
    // Confidences 0.55, 0.6 (wrong), 0.9, 0.95 (wrong), 1; bins of a fifth.
    double[][] p = two(0.55, 0.4, 0.9, 0.05, 1);
    int[] labels = {0, 0, 0, 0, 0};
    Calibration c = Calibration.of(p, labels, 5);
    assertEquals(5, c.count());
    assertEquals(0.6, c.accuracy(), 1e-15);
    assertEquals(0.8, c.confidence(), 1e-15);
    CalibrationBin middle = c.equalWidth().get(2);
    assertEquals(2, middle.count(), "0.6 closes the third bin");
    assertEquals(0.5, middle.accuracy(), 1e-15);
    assertEquals(0.575, middle.confidence(), 1e-15);
    CalibrationBin last = c.equalWidth().get(4);
    assertEquals(3, last.count());
    assertEquals(2 / 3.0, last.accuracy(), 1e-15);
    assertEquals(0.95, last.confidence(), 1e-15);
    assertEquals(0, c.equalWidth().get(0).count());
    assertTrue(Double.isNaN(c.equalWidth().get(0).accuracy()));
    assertEquals(0.4 * 0.075 + 0.6 * (0.95 - 2 / 3.0), c.expectedError(), 1e-15);
    assertEquals(0.95 - 2 / 3.0, c.maximumError(), 1e-15);
    double nll = -(Math.log(0.55) + Math.log(0.4) + Math.log(0.9) + Math.log(0.05)) / 5;
    assertEquals(nll, c.negativeLogLikelihood(), 1e-15);
    double brier = 2 * (0.45 * 0.45 + 0.6 * 0.6 + 0.1 * 0.1 + 0.95 * 0.95) / 5;
    assertEquals(brier, c.brierScore(), 1e-15);
  }

  @Test
  void equalMassesSplitTheSortedConfidences() {
    double[][] p = two(0.9, 0.6, 0.7, 0.8, 0.55);
    Calibration c = Calibration.of(p, new int[] {0, 1, 0, 0, 0}, 2);
    CalibrationBin low = c.equalMass().get(0);
    CalibrationBin high = c.equalMass().get(1);
    assertEquals(2, low.count());
    assertEquals(0.55, low.lower(), 1e-15);
    assertEquals(0.6, low.upper(), 1e-15);
    assertEquals(0.5, low.accuracy(), 1e-15);
    assertEquals(3, high.count());
    assertEquals(0.4 * 0.075 + 0.6 * (1 - 0.8), c.equalMassError(), 1e-15);
    assertEquals(5, Calibration.of(p, new int[5], 100).equalMass().size(), "at most one each");
  }

  @Test
  void rightAsOftenAsClaimedIsPerfect() {
    double[][] p = new double[14][];
    int[] labels = new int[14];
    for (int i = 0; i < 4; i++) {
      p[i] = new double[] {0.75, 0.25};
      labels[i] = i < 3 ? 0 : 1;
    }
    for (int i = 4; i < 14; i++) {
      p[i] = new double[] {0.1, 0.9};
      labels[i] = i < 13 ? 1 : 0;
    }
    Calibration c = Calibration.of(p, labels, 10);
    assertEquals(0, c.expectedError(), 1e-15);
    assertEquals(0, c.maximumError(), 1e-15);
    assertEquals(c.accuracy(), c.confidence(), 1e-15);
  }

  @Test
  void certainAndAlwaysWrongIsTheWorst() {
    Calibration c = Calibration.of(two(1, 1, 1), new int[] {1, 1, 1}, 15);
    assertEquals(1, c.expectedError(), 0);
    assertEquals(1, c.equalMassError(), 0);
    assertEquals(1, c.maximumError(), 0);
    assertEquals(2, c.brierScore(), 0);
    assertEquals(Double.POSITIVE_INFINITY, c.negativeLogLikelihood());
  }

  @Test
  void softmaxIsShiftedAndScaled() {
    double[][] p =
        Probabilities.softmax(new float[] {1000, 1000, 999, 0, (float) Math.log(3), -1e6f}, 2);
    double e = Math.exp(-1);
    assertArrayEquals(new double[] {1 / (2 + e), 1 / (2 + e), e / (2 + e)}, p[0], 1e-15);
    assertArrayEquals(new double[] {0.25, 0.75, 0}, p[1], 1e-7);
    assertEquals(0, Probabilities.label(p[0]), "the first of equal ones");
    double[][] cold = Probabilities.softmax(new float[] {0, 2}, 1, 2);
    assertEquals(1 / (1 + Math.exp(-1)), cold[0][1], 1e-15);
  }

  @Test
  void temperatureIsRecovered() {
    // At temperature 2.5 these logits are right in three of four and nine of ten cases.
    double temperature = 2.5;
    float[] logits = new float[2 * 14];
    int[] labels = new int[14];
    for (int i = 0; i < 14; i++) {
      logits[2 * i] = (float) (temperature * Math.log(i < 4 ? 3 : 9));
      labels[i] = i == 3 || i == 13 ? 1 : 0;
    }
    TemperatureScaling t = TemperatureScaling.fit(logits, labels);
    assertEquals(temperature, t.temperature(), 1e-5);
    assertTrue(t.after() < t.before());
    Calibration before = Calibration.of(Probabilities.softmax(logits, 14), labels, 10);
    Calibration after =
        Calibration.of(Probabilities.softmax(logits, 14, t.temperature()), labels, 10);
    assertEquals(before.negativeLogLikelihood(), t.before(), 1e-12);
    assertEquals(after.negativeLogLikelihood(), t.after(), 1e-12);
    assertEquals(before.accuracy(), after.accuracy(), 0);
    assertEquals(0, after.expectedError(), 1e-5);
    assertTrue(before.expectedError() > 0.05);
  }

  @Test
  void randomLogitsReachAStationaryTemperature() {
    SplittableRandom random = new SplittableRandom(3);
    float[] logits = new float[500 * 4];
    int[] labels = new int[500];
    for (int i = 0; i < 500; i++) {
      for (int j = 0; j < 4; j++) {
        logits[4 * i + j] = (float) (6 * random.nextDouble());
      }
      labels[i] = random.nextInt(3) == 0 ? random.nextInt(4) : largest(logits, 4 * i);
    }
    double best = TemperatureScaling.fit(logits, labels).temperature();
    // The derivative by 1/T is mean(E_p[z] - z_label), zero at the minimum.
    double[][] p = Probabilities.softmax(logits, 500, best);
    double slope = 0;
    for (int i = 0; i < 500; i++) {
      for (int j = 0; j < 4; j++) {
        slope += (p[i][j] - (j == labels[i] ? 1 : 0)) * logits[4 * i + j] / 500;
      }
    }
    assertEquals(0, slope, 1e-6);
  }

  private static int largest(float[] z, int at) {
    int best = 0;
    for (int j = 1; j < 4; j++) {
      best = z[at + j] > z[at + best] ? j : best;
    }
    return best;
  }

  @Test
  void badInputIsRefused() {
    int[] one = {0};
    fails("bins", () -> Calibration.of(two(0.5), one, 0));
    fails("1 predictions for 2 labels", () -> Calibration.of(two(0.5), new int[2], 5));
    fails("0 predictions", () -> Calibration.of(new double[0][], new int[0], 5));
    fails("label 2", () -> Calibration.of(two(0.5), new int[] {2}, 5));
    fails("not a distribution", () -> Calibration.of(new double[][] {{0.5, 0.6}}, one, 5));
    fails("not a distribution", () -> Calibration.of(new double[][] {{-0.5, 1.5}}, one, 5));
    fails("not a distribution", () -> Calibration.of(new double[][] {{Double.NaN, 1}}, one, 5));
    fails(
        "prediction 1",
        () -> Calibration.of(new double[][] {{0.5, 0.5}, {1}}, new int[] {0, 0}, 5));
    fails("NaN", () -> Probabilities.softmax(new float[] {0, Float.NaN}, 1));
    fails("whole rows", () -> Probabilities.softmax(new float[3], 2));
    fails("temperature", () -> Probabilities.softmax(new float[2], 1, 0));
    fails("label 5", () -> TemperatureScaling.fit(new float[2], new int[] {5}));
  }

  private static void fails(String words, Executable work) {
    String message = assertThrows(InvalidInputException.class, work).getMessage();
    assertTrue(message.contains(words), "'" + words + "' in: " + message);
  }
}
