package dev.blindspot.attacks.calibration;

import dev.blindspot.engine.InvalidInputException;

/** Probabilities of classes from logits. */
public final class Probabilities {
  private Probabilities() {}

  /** The softmax of each row of logits [n, classes], in double: [n][classes]. */
  public static double[][] softmax(float[] logits, int n) {
    return softmax(logits, n, 1);
  }

  /**
   * The softmax of each row of logits / temperature, in double: [n][classes].
   *
   * @param logits [n, classes]
   * @throws InvalidInputException if a logit is NaN or infinite, or the temperature not positive
   */
  public static double[][] softmax(float[] logits, int n, double temperature) {
    if (n < 1 || logits.length == 0 || logits.length % n != 0) {
      throw new InvalidInputException(
          "Softmax: " + logits.length + " logits for " + n + " samples; give whole rows");
    }
    if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new InvalidInputException(
          "Softmax: the temperature must be positive and finite, not " + temperature);
    }
    int classes = logits.length / n;
    double[][] p = new double[n][classes];
    for (int i = 0; i < n; i++) {
      row(logits, i * classes, temperature, p[i]);
    }
    return p;
  }

  private static void row(float[] logits, int at, double temperature, double[] p) {
    double most = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < p.length; j++) {
      if (!Float.isFinite(logits[at + j])) {
        throw new InvalidInputException(
            "Softmax: logit "
                + j
                + " of sample "
                + at / p.length
                + " is "
                + logits[at + j]
                + "; check the network's parameters");
      }
      most = Math.max(most, logits[at + j]);
    }
    double sum = 0;
    for (int j = 0; j < p.length; j++) {
      p[j] = StrictMath.exp((logits[at + j] - most) / temperature);
      sum += p[j];
    }
    for (int j = 0; j < p.length; j++) {
      p[j] /= sum;
    }
  }

  /** The class of the largest probability, the first of equal ones. */
  public static int label(double[] probabilities) {
    int best = 0;
    for (int j = 1; j < probabilities.length; j++) {
      best = probabilities[j] > probabilities[best] ? j : best;
    }
    return best;
  }
}
