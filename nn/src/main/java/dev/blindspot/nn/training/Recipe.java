package dev.blindspot.nn.training;

import dev.blindspot.engine.InvalidInputException;
import java.util.List;

/**
 * How a network is trained: mean cross-entropy + sum over layers of lambda/2 ||w||_F^2, biases free
 * of decay.
 *
 * @param method the optimiser
 * @param epochs passes over the data; iterations for LBFGS
 * @param batch samples of one step; for LBFGS only how many are evaluated at once
 * @param learningRate of the first step; it falls to 0 along half a cosine. Ignored by LBFGS
 * @param momentum of SGD
 * @param decay lambda of each layer with weights, in order; a single one serves all
 * @param shift pixels by which each image is moved at most, down and to the right, drawn anew in
 *     each epoch; what comes in is 0. Not with LBFGS
 */
public record Recipe(
    Method method,
    int epochs,
    int batch,
    double learningRate,
    double momentum,
    List<Double> decay,
    int shift) {

  /** Optimisers. */
  public enum Method {
    /** Stochastic gradient descent with momentum. */
    SGD,
    /** Kingma and Ba 2015, with beta 0.9 and 0.999, epsilon 1e-8. */
    ADAM,
    /** Full-batch L-BFGS with 20 pairs. */
    LBFGS
  }

  /**
   * Checks the numbers.
   *
   * @throws InvalidInputException naming what is out of range
   */
  public Recipe {
    decay = List.copyOf(decay);
    if (epochs < 1 || batch < 1 || !(learningRate > 0) || !(momentum >= 0 && momentum < 1)) {
      throw new InvalidInputException(
          "Recipe: epochs "
              + epochs
              + " and batch "
              + batch
              + " must be at least 1, learning rate "
              + learningRate
              + " positive, momentum "
              + momentum
              + " in [0,1)");
    }
    if (decay.isEmpty() || decay.stream().anyMatch(l -> !(l >= 0 && l < Double.MAX_VALUE))) {
      throw new InvalidInputException("Recipe: decay " + decay + " must be finite, not negative");
    }
    if (shift < 0 || (shift > 0 && method == Method.LBFGS)) {
      throw new InvalidInputException(
          "Recipe: shift " + shift + " must not be negative, and 0 for full-batch L-BFGS");
    }
  }

  /** SGD with momentum 0.9 and one decay for each layer. */
  public static Recipe sgd(int epochs, int batch, double learningRate, Double... decay) {
    return new Recipe(Method.SGD, epochs, batch, learningRate, 0.9, List.of(decay), 0);
  }

  /** Adam with one decay for each layer. */
  public static Recipe adam(int epochs, int batch, double learningRate, Double... decay) {
    return new Recipe(Method.ADAM, epochs, batch, learningRate, 0, List.of(decay), 0);
  }

  /** Full-batch L-BFGS with one decay for each layer. */
  public static Recipe lbfgs(int iterations, Double... decay) {
    return new Recipe(Method.LBFGS, iterations, 2000, 1, 0, List.of(decay), 0);
  }

  /** Lambda of the index-th layer with weights. */
  public double decay(int index) {
    return decay.size() == 1 ? decay.get(0) : decay.get(Math.min(index, decay.size() - 1));
  }

  /** The same with other epochs. */
  public Recipe epochs(int e) {
    return new Recipe(method, e, batch, learningRate, momentum, decay, shift);
  }

  /** The same with images moved by up to so many pixels. */
  public Recipe shift(int pixels) {
    return new Recipe(method, epochs, batch, learningRate, momentum, decay, pixels);
  }
}
