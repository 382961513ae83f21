package dev.blindspot.bench.reproduce;

import java.util.List;

/**
 * Table 1.
 *
 * @param trainingImages that the networks were trained on
 * @param attacked of them
 */
public record Table1(int trainingImages, int attacked, List<Row> rows, List<Claim> claims) {

  /**
   * One network.
   *
   * @param trainError share of the training images that it gets wrong
   * @param testError share of the test images
   * @param distortion mean RMS of the minimum distortions found; null if none was
   * @param standardError of that mean; null for fewer than two
   * @param succeeded examples that reached their target
   * @param trivial examples that had their target's label without any change: not counted
   */
  public record Row(
      String name,
      String description,
      double trainError,
      double testError,
      Double distortion,
      Double standardError,
      int succeeded,
      int trivial) {}
}
