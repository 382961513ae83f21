package dev.blindspot.attacks.calibration;

import dev.blindspot.engine.InvalidInputException;

/**
 * One temperature for all logits, which makes a network's confidence right on average and changes
 * no label (Guo et al. 2017).
 *
 * @param temperature what logits are divided by; above 1 for a network that is too sure
 * @param before mean negative log-likelihood at temperature 1
 * @param after the same at this temperature
 * @param samples it was fitted on
 */
public record TemperatureScaling(double temperature, double before, double after, int samples) {

  /** Smallest and largest temperature that is looked at. */
  private static final double LARGEST = 100;

  private static final double PRECISION = 1e-7;
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  /**
   * Fits by golden-section search in log T, between 1/100 and 100: the negative log-likelihood is
   * convex in 1/T, so it has one minimum. If all labels are right by a margin, that is at the lower
   * end.
   *
   * @param logits [n, classes], of samples that the network was not trained on
   * @param labels true ones [n]
   */
  public static TemperatureScaling fit(float[] logits, int[] labels) {
    int n = labels.length;
    Probabilities.softmax(logits, n); // checks the logits
    int classes = logits.length / n;
    for (int i = 0; i < n; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new InvalidInputException(
            "Temperature scaling: label "
                + labels[i]
                + " of sample "
                + i
                + " is outside 0.."
                + (classes - 1));
      }
    }
    double low = -Math.log(LARGEST);
    double high = Math.log(LARGEST);
    double a = high - GOLDEN * (high - low);
    double b = low + GOLDEN * (high - low);
    double atA = loss(logits, labels, a);
    double atB = loss(logits, labels, b);
    while (high - low > PRECISION) {
      if (atA <= atB) {
        high = b;
        b = a;
        atB = atA;
        a = high - GOLDEN * (high - low);
        atA = loss(logits, labels, a);
      } else {
        low = a;
        a = b;
        atA = atB;
        b = low + GOLDEN * (high - low);
        atB = loss(logits, labels, b);
      }
    }
    double best = (low + high) / 2;
    return new TemperatureScaling(
        Math.exp(best), loss(logits, labels, 0), loss(logits, labels, best), n);
  }

  /** Mean of log sum exp(z/T) - z_label/T, by the differences to the label's logit. */
  private static double loss(float[] logits, int[] labels, double logTemperature) {
    double inverse = Math.exp(-logTemperature);
    int classes = logits.length / labels.length;
    double sum = 0;
    for (int i = 0; i < labels.length; i++) {
      double label = logits[i * classes + labels[i]];
      double most = 0;
      for (int j = 0; j < classes; j++) {
        most = Math.max(most, (logits[i * classes + j] - label) * inverse);
      }
      double exp = 0;
      for (int j = 0; j < classes; j++) {
        exp += Math.exp((logits[i * classes + j] - label) * inverse - most);
      }
      sum += most + Math.log(exp);
    }
    return sum / labels.length;
  }
}
