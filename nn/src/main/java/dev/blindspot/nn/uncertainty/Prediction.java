package dev.blindspot.nn.uncertainty;

import dev.blindspot.engine.InvalidInputException;
import java.util.List;

/**
 * What draws p_1 ... p_T of class probabilities say of each of n images. Entropies are in nats.
 *
 * @param classes number of classes
 * @param draws T
 * @param mean [n,classes], one image behind the other: the mean of the draws
 * @param entropy [n] H(mean): of the prediction, all uncertainty together
 * @param mutualInformation [n] H(mean) - mean H(p_t): the part that comes from not knowing the
 *     weights (Gal and Ghahramani 2016); 0 if all draws agree
 */
public record Prediction(
    int classes, int draws, double[] mean, double[] entropy, double[] mutualInformation) {

  /**
   * Sums up draws.
   *
   * @param draws each [n,classes], one image behind the other
   * @throws InvalidInputException if there is none, or their sizes differ
   */
  public static Prediction of(List<double[]> draws, int classes) {
    if (draws.isEmpty()) {
      throw new InvalidInputException("Prediction: there is no draw");
    }
    DrawSum sum = new DrawSum(draws.get(0).length, classes);
    draws.forEach(sum::add);
    return sum.prediction();
  }

  /** Number of images. */
  public int size() {
    return entropy.length;
  }

  /** The class of the largest mean probability, the first of equal ones. */
  public int label(int image) {
    int best = 0;
    for (int c = 1; c < classes; c++) {
      if (mean[image * classes + c] > mean[image * classes + best]) {
        best = c;
      }
    }
    return best;
  }

  /** The largest mean probability. */
  public double confidence(int image) {
    return mean[image * classes + label(image)];
  }
}
