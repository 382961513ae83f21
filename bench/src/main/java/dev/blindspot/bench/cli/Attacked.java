package dev.blindspot.bench.cli;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.Distortion;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.ElementType;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.training.Predictor;

/**
 * What an attack found, and what the reference backend says to it.
 *
 * @param answers the network's labels of all adversarials by a fresh forward pass of the reference
 *     backend
 * @param seconds wall time of the attack alone
 */
record Attacked(AttackResult result, int[] answers, double seconds) {

  /** Checks the box and asks the reference backend. */
  static Attacked confirm(AttackResult result, double seconds, Subject subject) {
    float[] adversarials = result.adversarials();
    checkBox(adversarials, result.attack());
    int n = result.samples().size();
    try (Backend reference = Backends.create("reference");
        Parameters copy =
            subject.parameters().copyTo(subject.network(), reference, ElementType.F32);
        Predictor p = new Predictor(reference, subject.network(), copy, n)) {
      return new Attacked(result, p.labels(adversarials, n), seconds);
    }
  }

  /** Fails if a pixel left the box: an adversarial outside [0,1] is no image. */
  static void checkBox(float[] adversarials, String attack) {
    for (int i = 0; i < adversarials.length; i++) {
      if (!(adversarials[i] >= 0 && adversarials[i] <= 1)) {
        throw new BlindspotException(
            "Attack "
                + attack
                + ": value "
                + i
                + " of the adversarials is "
                + adversarials[i]
                + ", outside [0,1]");
      }
    }
  }

  int count() {
    return answers.length;
  }

  AttackResult.Sample sample(int i) {
    return result.samples().get(i);
  }

  /** True if the attack succeeded on sample {@code i} and the reference backend agrees. */
  boolean success(int i) {
    AttackResult.Sample s = sample(i);
    return s.success() && (result.targeted() ? answers[i] == s.target() : answers[i] != s.label());
  }

  /** Label aimed at, or null. */
  Integer target(int i) {
    return result.targeted() ? sample(i).target() : null;
  }

  /** Label of the adversarial; null without success. */
  Integer answer(int i) {
    return success(i) ? answers[i] : null;
  }

  /** Of the adversarial; not numbers without success. */
  Distortion distortion(int i) {
    return success(i)
        ? sample(i).distortion()
        : new Distortion(0, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
  }

  /** Why the attack stopped, for reports. */
  String stopped(int i) {
    return sample(i).success() && !success(i)
        ? "not confirmed by the reference backend"
        : sample(i).stop().sentence();
  }
}
