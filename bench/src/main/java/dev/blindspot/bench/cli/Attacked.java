package dev.blindspot.bench.cli;

import dev.blindspot.engine.BlindspotException;

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

  double meanEvaluations() {
    long sum = 0;
    for (long e : evaluations) {
      sum += e;
    }
    return (double) sum / evaluations.length;
  }
}
