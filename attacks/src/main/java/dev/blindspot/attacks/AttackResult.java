package dev.blindspot.attacks;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Norm;
import java.util.List;

/**
 * What an attack made of a problem.
 *
 * @param attack its name and settings
 * @param norm minimised or kept within
 * @param targeted true if each sample had a label aimed at
 * @param seed of the problem
 * @param shape of one sample
 * @param adversarials [n,...], every value inside [0,1]; where the attack failed, the last point
 *     tried, and the clean sample where nothing could be tried
 * @param samples one for each, in the problem's order
 */
public record AttackResult(
    String attack,
    Norm norm,
    boolean targeted,
    long seed,
    Shape shape,
    float[] adversarials,
    List<Sample> samples) {

  /**
   * One sample.
   *
   * @param label the true label
   * @param target label aimed at; -1 if untargeted
   * @param adversarialLabel label that the backend gives the adversarial
   * @param success the goal is reached by a margin of {@code kappa}, so that another backend agrees
   * @param kappa the margin asked for, in logits
   * @param distortion of the adversarial; {@link Distortion#NONE} where it is the clean sample
   * @param evaluations gradients computed for it
   * @param stop why the attack stopped
   */
  public record Sample(
      int label,
      int target,
      int adversarialLabel,
      boolean success,
      double kappa,
      Distortion distortion,
      long evaluations,
      StopReason stop) {}

  /**
   * Successes over samples that could be attacked (not wrong beforehand); NaN if there are none.
   */
  public double successRate() {
    long attacked = samples.stream().filter(s -> s.stop() != StopReason.ALREADY_WRONG).count();
    return (double) samples.stream().filter(Sample::success).count() / attacked;
  }

  /** Mean RMS distortion of the successes; NaN if there are none. */
  public double meanRms() {
    return samples.stream()
        .filter(Sample::success)
        .mapToDouble(s -> s.distortion().rms())
        .average()
        .orElse(Double.NaN);
  }

  /** Mean number of gradients for a sample. */
  public double meanEvaluations() {
    return samples.stream().mapToLong(Sample::evaluations).average().orElse(Double.NaN);
  }
}
