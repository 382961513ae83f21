package dev.blindspot.attacks.calibration;

/**
 * Predictions of like confidence.
 *
 * @param lower end of the bin's confidences; with equal masses the lowest one in it
 * @param upper end of the bin's confidences; with equal masses the highest one in it
 * @param count predictions in it
 * @param accuracy share of correct ones; NaN in an empty bin
 * @param confidence mean of theirs; NaN in an empty bin
 */
public record CalibrationBin(
    double lower, double upper, int count, double accuracy, double confidence) {

  /** Accuracy and confidence differ by so much; 0 in an empty bin. */
  public double gap() {
    return count == 0 ? 0 : Math.abs(accuracy - confidence);
  }
}
