package dev.blindspot.bench.reproduce;

import java.util.List;

/**
 * Accuracy and confidence of test images that are moved, turned, scaled and blurred.
 *
 * @param images measured under each change
 */
public record Generalization(int images, List<Row> rows, List<Claim> claims) {

  /**
   * One network under one change.
   *
   * @param change "shift", "rotation", "scale" or "blur"
   * @param strength in pixels, degrees, as a factor, in pixels
   * @param accuracy mean of all directions of the change
   * @param confidence mean probability of the answer
   */
  public record Row(
      String network, String change, double strength, double accuracy, double confidence) {}
}
