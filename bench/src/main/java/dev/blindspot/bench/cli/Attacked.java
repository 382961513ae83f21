package dev.blindspot.bench.cli;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.ElementType;
import dev.blindspot.nn.Parameters;

/**
 * What an attack made of examples.
 *
 * @param name of the attack
 * @param norm that it minimised or kept within
 * @param adversarials [n, ...] in [0,1]; the last tried where it did not succeed
 * @param success as the attack says
 * @param evaluations gradients computed for each
 * @param stopped why it stopped, for each
 */
record Attacked(
    String name,
    String norm,
    float[] adversarials,
    boolean[] success,
    long[] evaluations,
    String[] stopped) {

  /** Fails if a pixel left the box: an adversarial outside [0,1] is no image. */
  void checkBox() {
    for (int i = 0; i < adversarials.length; i++) {
      if (!(adversarials[i] >= 0 && adversarials[i] <= 1)) {
        throw new BlindspotException(
            "Attack "
                + name
                + ": value "
                + i
                + " of the adversarials is "
                + adversarials[i]
                + ", outside [0,1]");
      }
    }
  }

  /** The network's answers to all adversarials by a fresh forward pass of the reference backend. */
  int[] labelsOnReference(Subject subject) {
    int n = success.length;
    try (Backend reference = Backends.create("reference");
        Parameters copy =
            subject.parameters().copyTo(subject.network(), reference, ElementType.F32);
        Predictor p = new Predictor(reference, subject.network(), copy, n)) {
      return p.labels(adversarials, n);
    }
  }

  /**
   * True if the attack succeeded on sample {@code i} and the reference backend agrees.
   *
   * @param targets labels aimed at, or null
   * @param answers of {@link #labelsOnReference}
   */
  boolean confirmed(int i, int label, int[] targets, int[] answers) {
    return success[i] && (targets == null ? answers[i] != label : answers[i] == targets[i]);
  }

  double meanEvaluations() {
    long sum = 0;
    for (long e : evaluations) {
      sum += e;
    }
    return (double) sum / evaluations.length;
  }
}
