package dev.blindspot.nn.uncertainty;

import dev.blindspot.engine.InvalidInputException;

/** Running sums over draws, so that the draws need not be kept. */
final class DrawSum {
  private final int classes;
  private final double[] probabilities;
  private final double[] entropies;
  private int draws;

  DrawSum(int values, int classes) {
    if (classes < 1 || values % classes != 0) {
      throw new InvalidInputException(
          "Prediction: " + values + " probabilities are no rows of " + classes + " classes");
    }
    this.classes = classes;
    probabilities = new double[values];
    entropies = new double[values / classes];
  }

  /** Adds a draw [n,classes]. */
  void add(double[] p) {
    if (p.length != probabilities.length) {
      throw new InvalidInputException(
          "Prediction: a draw of " + p.length + " values, not " + probabilities.length);
    }
    draws++;
    for (int i = 0; i < p.length; i++) {
      probabilities[i] += p[i];
    }
    for (int i = 0; i < entropies.length; i++) {
      entropies[i] += entropy(p, i * classes, classes);
    }
  }

  Prediction prediction() {
    double[] mean = new double[probabilities.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = probabilities[i] / draws;
    }
    double[] entropy = new double[entropies.length];
    double[] information = new double[entropies.length];
    for (int i = 0; i < entropy.length; i++) {
      entropy[i] = entropy(mean, i * classes, classes);
      // Not negative but for rounding: the entropy is concave.
      information[i] = Math.max(0, entropy[i] - entropies[i] / draws);
    }
    return new Prediction(classes, draws, mean, entropy, information);
  }

  /** -sum p log p, with 0 log 0 = 0. */
  private static double entropy(double[] p, int at, int classes) {
    double sum = 0;
    for (int c = at; c < at + classes; c++) {
      sum -= p[c] == 0 ? 0 : p[c] * StrictMath.log(p[c]);
    }
    return sum;
  }
}
