package dev.blindspot.attacks.calibration;

/** Whatever gives images probabilities of classes: a network's softmax, an ensemble. */
@FunctionalInterface
public interface ProbabilityModel {

  /**
   * A distribution over the classes for each image.
   *
   * @param images [n,...], not changed
   * @return [n][classes]
   */
  double[][] probabilities(float[] images, int n);
}
