package dev.blindspot.attacks.calibration;

import dev.blindspot.nn.uncertainty.Prediction;
import java.util.Arrays;

/**
 * What a predictive distribution says of one kind of images. Entropies are in nats.
 *
 * @param name "clean", "noise 0.3", or what the caller named an attack
 * @param calibration of the mean prediction
 * @param entropy mean over the images
 * @param mutualInformation mean over the images
 * @param entropyAuroc how well the entropy tells these images from the clean ones; 1/2 for the
 *     clean ones themselves
 * @param informationAuroc the same by mutual information
 */
public record UncertaintyCondition(
    String name,
    Calibration calibration,
    double entropy,
    double mutualInformation,
    double entropyAuroc,
    double informationAuroc) {

  /**
   * Sums a prediction up.
   *
   * @param clean of the clean images, to tell these from
   * @param labels true ones
   * @param bins of the calibration
   */
  public static UncertaintyCondition of(
      String name, Prediction prediction, Prediction clean, int[] labels, int bins) {
    int classes = prediction.classes();
    double[][] rows = new double[prediction.size()][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(prediction.mean(), i * classes, (i + 1) * classes));
    return new UncertaintyCondition(
        name,
        Calibration.of(rows, labels, bins),
        Arrays.stream(prediction.entropy()).average().orElseThrow(),
        Arrays.stream(prediction.mutualInformation()).average().orElseThrow(),
        Auroc.of(clean.entropy(), prediction.entropy()),
        Auroc.of(clean.mutualInformation(), prediction.mutualInformation()));
  }
}
