package dev.blindspot.bench.reproduce;

import java.util.List;

/**
 * Figures 5 to 7.
 *
 * @param pictures adversarial examples
 * @param noise Gaussian noise of standard deviation 1 on the same images
 * @param noiseAccuracy each network's accuracy on all attacked images under that noise
 */
public record Figures(
    List<Row> pictures, Row noise, List<Accuracy> noiseAccuracy, List<Claim> claims) {

  /**
   * Pictures of one network.
   *
   * @param files PNG, relative to the folder
   * @param captions one for each
   */
  public record Row(String name, List<String> files, List<String> captions) {}

  /** A network's accuracy. */
  public record Accuracy(String name, double accuracy) {}
}
