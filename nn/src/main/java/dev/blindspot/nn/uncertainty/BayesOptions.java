package dev.blindspot.nn.uncertainty;

import dev.blindspot.engine.InvalidInputException;

/**
 * How a Gaussian over weights is trained and drawn from.
 *
 * @param epochs passes over the data
 * @param batch samples of one step; each step draws the weights once
 * @param learningRate of Adam at first; it falls to 0 along half a cosine
 * @param prior standard deviation of the weights' prior N(0, prior^2)
 * @param initialStddev of the weights' Gaussians at first
 * @param draws of the weights for a prediction
 */
public record BayesOptions(
    int epochs, int batch, double learningRate, double prior, double initialStddev, int draws) {

  public BayesOptions {
    if (epochs < 1 || batch < 1 || draws < 1) {
      throw new InvalidInputException(
          "Bayes by backprop: epochs "
              + epochs
              + ", batch "
              + batch
              + " and draws "
              + draws
              + " must be at least 1");
    }
    positive("learning rate", learningRate);
    positive("prior", prior);
    positive("initial standard deviation", initialStddev);
  }

  private static void positive(String name, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new InvalidInputException(
          "Bayes by backprop: the " + name + " must be positive and finite, not " + value);
    }
  }

  /** 10 epochs, batches of 100, rate 3e-3, prior 0.3, standard deviations of 0.02, 30 draws. */
  public static BayesOptions defaults() {
    return new BayesOptions(10, 100, 3e-3, 0.3, 0.02, 30);
  }

  /** The same with other epochs. */
  public BayesOptions epochs(int e) {
    return new BayesOptions(e, batch, learningRate, prior, initialStddev, draws);
  }

  /** The same with so many draws. */
  public BayesOptions draws(int d) {
    return new BayesOptions(epochs, batch, learningRate, prior, initialStddev, d);
  }
}
