package dev.blindspot.attacks;

import dev.blindspot.engine.primitives.Norm;
import java.util.Arrays;

/** Puts the findings of batches together. */
final class ResultBuilder {
  private final AttackProblem problem;
  private final float[] adversarials;
  private final AttackResult.Sample[] samples;

  ResultBuilder(AttackProblem problem) {
    this.problem = problem;
    adversarials = new float[problem.images().length];
    samples = new AttackResult.Sample[problem.count()];
  }

  /**
   * Adds the samples from {@code from} on.
   *
   * @param labels that the backend gives the adversarials
   * @param found 1 where an adversarial was found
   * @param stops why the attack stopped where none was found
   */
  void add(
      int from,
      float[] best,
      int[] labels,
      float[] found,
      float[] evaluations,
      StopReason[] stops,
      float[] kappas) {
    System.arraycopy(best, 0, adversarials, from * problem.size(), best.length);
    for (int i = 0; i < labels.length; i++) {
      int at = from + i;
      int label = problem.labels()[at];
      int target = problem.targets() == null ? -1 : problem.targets()[at];
      boolean success = found[i] == 1 && (target < 0 ? labels[i] != label : labels[i] == target);
      StopReason stop = success ? StopReason.SUCCEEDED : stops[i];
      samples[at] =
          new AttackResult.Sample(
              label,
              target,
              labels[i],
              success,
              kappas[i],
              Distortion.between(problem.images(), adversarials, at, problem.size()),
              (long) evaluations[i],
              stop);
    }
  }

  AttackResult build(String attack, Norm norm) {
    return new AttackResult(
        attack,
        norm,
        problem.targets() != null,
        problem.seed(),
        problem.network().inputShape(),
        adversarials,
        Arrays.asList(samples));
  }
}
