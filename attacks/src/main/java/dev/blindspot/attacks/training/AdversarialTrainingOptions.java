package dev.blindspot.attacks.training;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import java.util.HashSet;
import java.util.List;

/**
 * How adversarial examples take part in training.
 *
 * @param layers whose outputs have a pool, {@link Network#INPUT} for the input; empty for {@link
 *     PoolLayers#all}
 * @param capacity examples of a pool
 * @param replaced examples made anew in each pool before each epoch
 * @param gradients for one adversarial example at most, 12 or more
 * @param targeted aim at random wrong labels, not at the nearest one
 * @param replacement which examples give way
 * @param batch examples of a pool in one step
 * @param weight of their mean cross-entropy, beside the mini-batch's
 * @param firstEpoch epoch that the pools are filled before: a network that knows nothing has no
 *     adversarial examples
 */
public record AdversarialTrainingOptions(
    List<String> layers,
    int capacity,
    int replaced,
    int gradients,
    boolean targeted,
    AdversarialPool.Replacement replacement,
    int batch,
    double weight,
    int firstEpoch) {

  /** Gradients that the search for the nearest class and one trade-off constant need. */
  private static final int LEAST_GRADIENTS = 12;

  /**
   * Checks the numbers.
   *
   * @throws InvalidInputException naming what is out of range
   */
  public AdversarialTrainingOptions {
    layers = List.copyOf(layers);
    check(
        new HashSet<>(layers).size() == layers.size(),
        "layers " + layers + " name one layer twice");
    check(capacity >= 1, "capacity " + capacity + " must be at least 1");
    check(
        replaced >= 0 && replaced <= capacity,
        "replaced " + replaced + " must be between 0 and the capacity " + capacity);
    check(
        gradients >= LEAST_GRADIENTS,
        "gradients " + gradients + " must be at least " + LEAST_GRADIENTS);
    check(batch >= 1, "batch " + batch + " must be at least 1");
    check(
        weight > 0 && weight < Double.MAX_VALUE, "weight " + weight + " must be positive, finite");
    check(firstEpoch >= 0, "firstEpoch " + firstEpoch + " must not be negative");
  }

  private static void check(boolean condition, String message) {
    if (!condition) {
      throw new InvalidInputException("Adversarial training: " + message);
    }
  }

  /**
   * A pool of 2,000 for each layer, 200 of them made anew each epoch by 30 gradients at most, aimed
   * at the nearest wrong label; 50 in a step, with weight 0.03.
   */
  public static AdversarialTrainingOptions defaults() {
    return new AdversarialTrainingOptions(
        List.of(), 2000, 200, 30, false, AdversarialPool.Replacement.RANDOM, 50, 0.03, 1);
  }

  /** The same with pools for these layers and no others. */
  public AdversarialTrainingOptions forLayers(String... names) {
    return new AdversarialTrainingOptions(
        List.of(names),
        capacity,
        replaced,
        gradients,
        targeted,
        replacement,
        batch,
        weight,
        firstEpoch);
  }

  /** The same with pools of another size, so many of them made anew each epoch. */
  public AdversarialTrainingOptions pool(int size, int renewed) {
    return new AdversarialTrainingOptions(
        layers, size, renewed, gradients, targeted, replacement, batch, weight, firstEpoch);
  }

  /** The same with another budget for each adversarial example. */
  public AdversarialTrainingOptions gradients(int most) {
    return new AdversarialTrainingOptions(
        layers, capacity, replaced, most, targeted, replacement, batch, weight, firstEpoch);
  }

  /** The same, aiming at random wrong labels or at the nearest one. */
  public AdversarialTrainingOptions targeted(boolean random) {
    return new AdversarialTrainingOptions(
        layers, capacity, replaced, gradients, random, replacement, batch, weight, firstEpoch);
  }

  /** The same with another rule of replacement. */
  public AdversarialTrainingOptions replacement(AdversarialPool.Replacement rule) {
    return new AdversarialTrainingOptions(
        layers, capacity, replaced, gradients, targeted, rule, batch, weight, firstEpoch);
  }

  /** The same with another number of examples in a step, and another weight of them. */
  public AdversarialTrainingOptions share(int examples, double w) {
    return new AdversarialTrainingOptions(
        layers, capacity, replaced, gradients, targeted, replacement, examples, w, firstEpoch);
  }

  /** The same with pools filled before another epoch. */
  public AdversarialTrainingOptions firstEpoch(int epoch) {
    return new AdversarialTrainingOptions(
        layers, capacity, replaced, gradients, targeted, replacement, batch, weight, epoch);
  }
}
