package dev.blindspot.bench.reproduce;

import java.util.List;

/**
 * Calibration of the networks on clean, noisy and adversarial images.
 *
 * @param images test images that are measured
 * @param held other test images, which the temperatures were fitted on
 * @param bins of equal width
 */
public record Confidence(int images, int held, int bins, List<Row> rows, List<Claim> claims) {

  /**
   * One network on one kind of images.
   *
   * @param kind "clean", "noise 0.1", "adversarial"
   * @param confidence mean probability of the answer
   * @param error expected calibration error
   * @param temperature fitted for this network
   * @param scaledError expected calibration error with it
   * @param negativeLogLikelihood mean; null if infinite
   * @param brierScore mean squared distance of the probabilities to the truth
   * @param curve accuracy of each bin; null where it is empty
   */
  public record Row(
      String network,
      String kind,
      int count,
      double accuracy,
      double confidence,
      double error,
      double temperature,
      double scaledError,
      Double negativeLogLikelihood,
      double brierScore,
      List<Double> curve) {}
}
