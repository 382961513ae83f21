package dev.blindspot.bench.reproduce;

import java.util.List;

/**
 * Table 3.
 *
 * @param half training images in each half
 * @param attacked test images
 */
public record Table3(int half, int attacked, List<Row> rows, List<Claim> claims) {

  /**
   * One network.
   *
   * @param errors shares of P1, P2 and the test images that it gets wrong
   * @param distortion mean RMS of the minimum distortions found on test images; null if none was
   */
  public record Row(
      String name, String trainedOn, List<Double> errors, Double distortion, int succeeded) {}
}
