package dev.blindspot.attacks;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.Parameters;

/**
 * Samples to attack. Arrays are not copied: they must not change while an attack runs.
 *
 * @param network its output are logits, or a softmax of logits that the attack looks behind
 * @param parameters F32, on {@code backend}; only read
 * @param images [n,...] inside [0,1], the box that adversarials stay in
 * @param labels true labels [n]
 * @param targets label aimed at for each; null for any wrong label
 * @param samples [n]: what each sample's random numbers are keyed by
 * @param seed of random numbers
 * @param confidence the margins by which adversarials must win, if they were analysed before
 *     ({@link #prepared}); null lets each attack analyse them
 */
public record AttackProblem(
    Network network,
    Parameters parameters,
    Backend backend,
    float[] images,
    int[] labels,
    int[] targets,
    int[] samples,
    long seed,
    Confidence confidence) {

  public AttackProblem {
    check(
        confidence == null || confidence.isOf(network, parameters),
        "the margins were analysed for another network or other parameters; use prepared()");
    check(parameters.type() == ElementType.F32, "parameters must be F32, not " + parameters.type());
    check(
        parameters.backend() == backend,
        "the parameters live on backend "
            + parameters.backend().name()
            + ", the attack runs on "
            + backend.name()
            + "; copy them there");
    long size = network.inputShape().size();
    check(labels.length > 0, "there is no sample");
    check(
        images.length == size * labels.length,
        images.length
            + " values for "
            + labels.length
            + " samples of "
            + network.inputShape()
            + "; needed are "
            + size * labels.length);
    check(
        samples.length == labels.length,
        samples.length + " sample indices for " + labels.length + " samples");
    for (int i = 0; i < images.length; i++) {
      if (!(images[i] >= 0 && images[i] <= 1)) {
        throw new InvalidInputException(
            "Attack: value "
                + i % size
                + " of sample "
                + i / size
                + " is "
                + images[i]
                + ", outside the box [0,1]; scale the images to it");
      }
    }
    checkLabels(network.outputShape().size(), labels, targets);
  }

  private static void checkLabels(long classes, int[] labels, int[] targets) {
    check(classes >= 2, "the network gives " + classes + " value; a classifier gives 2 or more");
    check(
        targets == null || targets.length == labels.length,
        (targets == null ? 0 : targets.length) + " targets for " + labels.length + " samples");
    for (int i = 0; i < labels.length; i++) {
      check(
          labels[i] >= 0 && labels[i] < classes,
          "label " + labels[i] + " of sample " + i + " is outside 0.." + (classes - 1));
      if (targets != null) {
        check(
            targets[i] >= 0 && targets[i] < classes,
            "target " + targets[i] + " of sample " + i + " is outside 0.." + (classes - 1));
        check(
            targets[i] != labels[i],
            "target " + targets[i] + " of sample " + i + " is its true label");
      }
    }
  }

  private static void check(boolean condition, String message) {
    if (!condition) {
      throw new InvalidInputException("Attack: " + message);
    }
  }

  /** Any wrong label will do; samples are keyed by their position, the seed is 1. */
  public static AttackProblem of(
      Network network, Parameters parameters, Backend backend, float[] images, int[] labels) {
    int[] samples = positions(labels.length);
    return new AttackProblem(network, parameters, backend, images, labels, null, samples, 1, null);
  }

  private static int[] positions(int count) {
    int[] samples = new int[count];
    for (int i = 0; i < count; i++) {
      samples[i] = i;
    }
    return samples;
  }

  /** Aims at these labels. */
  public AttackProblem targets(int... wanted) {
    return new AttackProblem(
        network, parameters, backend, images, labels, wanted, samples, seed, confidence);
  }

  /** Keys random numbers by these indices instead of positions. */
  public AttackProblem samples(int... indices) {
    return new AttackProblem(
        network, parameters, backend, images, labels, targets, indices, seed, confidence);
  }

  public AttackProblem seed(long s) {
    return new AttackProblem(
        network, parameters, backend, images, labels, targets, samples, s, confidence);
  }

  /**
   * Other samples for the same network, without targets, keyed by position; what {@link #prepared}
   * found about the network is kept.
   */
  public AttackProblem images(float[] others, int... theirLabels) {
    int[] positions = positions(theirLabels.length);
    return new AttackProblem(
        network, parameters, backend, others, theirLabels, null, positions, seed, confidence);
  }

  /**
   * The same problem with its rounding errors analysed, which otherwise every attack does anew (0.1
   * s for a LeNet) and which does not depend on the attack, targets or seed. The result and what is
   * derived from it by the methods here can be attacked many times, by several threads. Results are
   * the same bits. Prepare again after the parameters' values changed.
   */
  public AttackProblem prepared() {
    Confidence c = Confidence.of(this).prepared(this);
    return new AttackProblem(
        network, parameters, backend, images, labels, targets, samples, seed, c);
  }

  /**
   * How attacks plan the network: with gradients of the input, and with a forward pass whose
   * rounding errors have bounds, on which the confidence rests by which adversarials must win.
   */
  public static NetworkOptions planning() {
    return NetworkOptions.of(NetworkOptions.Gradients.INPUT).boundedErrors(true);
  }

  /** Number of samples. */
  public int count() {
    return labels.length;
  }

  /** Values of one sample. */
  int size() {
    return Math.toIntExact(network.inputShape().size());
  }
}
