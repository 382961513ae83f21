package dev.blindspot.attacks.calibration;

import dev.blindspot.engine.InvalidInputException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Whether predictions are right as often as they claim (Guo et al. 2017). The confidence of a
 * prediction is the probability of its label, the class of the largest probability.
 *
 * @param count predictions
 * @param accuracy share of correct ones
 * @param confidence mean of all
 * @param expectedError expected calibration error: mean over the predictions of their bin's gap,
 *     with bins of equal width
 * @param equalMassError the same with bins of equal mass (Nixon et al. 2019)
 * @param maximumError the largest gap of a bin of equal width
 * @param negativeLogLikelihood mean of -log p of the true label; infinite if one of these is 0
 * @param brierScore mean of the squared distance between p and the true label's unit vector, 0 to 2
 * @param equalWidth bins ](m-1)/M, m/M]; a confidence of 0 is in the first
 * @param equalMass bins of as many predictions each, but for one, by ascending confidence; equal
 *     confidences keep their order; at most as many bins as predictions
 */
public record Calibration(
    int count,
    double accuracy,
    double confidence,
    double expectedError,
    double equalMassError,
    double maximumError,
    double negativeLogLikelihood,
    double brierScore,
    List<CalibrationBin> equalWidth,
    List<CalibrationBin> equalMass) {

  /** By how much a row of probabilities may miss the sum of 1. */
  private static final double SUM_TOLERANCE = 1e-5;

  /**
   * Measures predictions of whatever origin.
   *
   * @param probabilities [n][classes], each row a distribution
   * @param labels true ones [n]
   * @param bins of either kind
   * @throws InvalidInputException naming the row that is no distribution, or what does not fit
   */
  public static Calibration of(double[][] probabilities, int[] labels, int bins) {
    check(probabilities, labels, bins);
    int n = labels.length;
    double[] confidence = new double[n];
    boolean[] correct = new boolean[n];
    double logLikelihood = 0;
    double brier = 0;
    for (int i = 0; i < n; i++) {
      double[] p = probabilities[i];
      int predicted = Probabilities.label(p);
      confidence[i] = p[predicted];
      correct[i] = predicted == labels[i];
      logLikelihood += Math.log(p[labels[i]]);
      for (int j = 0; j < p.length; j++) {
        double difference = p[j] - (j == labels[i] ? 1 : 0);
        brier += difference * difference;
      }
    }
    List<CalibrationBin> width = equalWidth(confidence, correct, bins);
    List<CalibrationBin> mass = equalMass(confidence, correct, bins);
    CalibrationBin all = bin(0, 1, IntStream.range(0, n).toArray(), confidence, correct);
    return new Calibration(
        n,
        all.accuracy(),
        all.confidence(),
        expected(width, n),
        expected(mass, n),
        width.stream().mapToDouble(CalibrationBin::gap).max().orElseThrow(),
        -logLikelihood / n,
        brier / n,
        width,
        mass);
  }

  private static void check(double[][] probabilities, int[] labels, int bins) {
    if (bins < 1 || bins > 10_000) {
      throw new InvalidInputException("Calibration: bins must be 1 to 10000, not " + bins);
    }
    if (labels.length == 0 || labels.length != probabilities.length) {
      throw new InvalidInputException(
          "Calibration: " + probabilities.length + " predictions for " + labels.length + " labels");
    }
    for (int i = 0; i < labels.length; i++) {
      double[] p = probabilities[i];
      double sum = 0;
      boolean distribution = p.length == probabilities[0].length;
      for (double v : p) {
        distribution &= v >= 0 && v <= 1 + SUM_TOLERANCE;
        sum += v;
      }
      if (!distribution || !(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
        throw new InvalidInputException(
            "Calibration: prediction "
                + i
                + " is not a distribution over "
                + probabilities[0].length
                + " classes: its "
                + p.length
                + " probabilities sum to "
                + sum);
      }
      if (labels[i] < 0 || labels[i] >= p.length) {
        throw new InvalidInputException(
            "Calibration: label "
                + labels[i]
                + " of prediction "
                + i
                + " is outside 0.."
                + (p.length - 1));
      }
    }
  }

  private static List<CalibrationBin> equalWidth(double[] confidence, boolean[] correct, int bins) {
    List<List<Integer>> members = new ArrayList<>();
    for (int m = 0; m < bins; m++) {
      members.add(new ArrayList<>());
    }
    for (int i = 0; i < confidence.length; i++) {
      int m = (int) Math.ceil(confidence[i] * bins) - 1;
      members.get(Math.max(0, Math.min(bins - 1, m))).add(i);
    }
    List<CalibrationBin> made = new ArrayList<>();
    for (int m = 0; m < bins; m++) {
      int[] in = members.get(m).stream().mapToInt(Integer::intValue).toArray();
      made.add(bin((double) m / bins, (m + 1.0) / bins, in, confidence, correct));
    }
    return List.copyOf(made);
  }

  private static List<CalibrationBin> equalMass(double[] confidence, boolean[] correct, int bins) {
    int n = confidence.length;
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> confidence[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    int count = Math.min(bins, n);
    List<CalibrationBin> made = new ArrayList<>();
    for (int m = 0; m < count; m++) {
      int from = (int) ((long) m * n / count);
      int to = (int) ((m + 1L) * n / count);
      int[] in = java.util.Arrays.copyOfRange(order, from, to);
      made.add(bin(confidence[in[0]], confidence[in[in.length - 1]], in, confidence, correct));
    }
    return List.copyOf(made);
  }

  private static CalibrationBin bin(
      double lower, double upper, int[] in, double[] confidence, boolean[] correct) {
    double sum = 0;
    int right = 0;
    for (int i : in) {
      sum += confidence[i];
      right += correct[i] ? 1 : 0;
    }
    return new CalibrationBin(lower, upper, in.length, (double) right / in.length, sum / in.length);
  }

  private static double expected(List<CalibrationBin> bins, int n) {
    return bins.stream().mapToDouble(b -> b.gap() * b.count() / n).sum();
  }
}
