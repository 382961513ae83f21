package dev.blindspot.nn.uncertainty;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.ParameterSpec;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.Parameters.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * Independent Gaussians over all parameters of a network: mean mu, standard deviation sigma = log(1
 * + exp(rho)) (Blundell et al. 2015, section 3.2). In double, on the Java heap.
 */
final class MeanFieldGaussian {
  /** One parameter tensor. */
  static final class Part {
    final Key key;
    final double[] mu;
    final double[] rho;

    /** Of the last sample: w = mu + sigma epsilon. */
    final double[] epsilon;

    final double[] muGradient;
    final double[] rhoGradient;

    Part(Key key, double[] mu, double rho) {
      this.key = key;
      this.mu = mu;
      this.rho = new double[mu.length];
      java.util.Arrays.fill(this.rho, rho);
      epsilon = new double[mu.length];
      muGradient = new double[mu.length];
      rhoGradient = new double[mu.length];
    }
  }

  private final List<Part> parts = new ArrayList<>();

  /**
   * @param start means; not kept
   * @param stddev standard deviation of each parameter
   */
  MeanFieldGaussian(Network network, Parameters start, double stddev) {
    double rho = StrictMath.log(StrictMath.expm1(stddev));
    start
        .specs()
        .forEach(
            (key, spec) -> {
              checkTrainable(network, key, spec);
              parts.add(new Part(key, start.values(key), rho));
            });
    if (parts.isEmpty()) {
      throw new InvalidInputException(
          "Bayes by backprop: network " + network.name() + " has no parameters");
    }
  }

  private static void checkTrainable(Network network, Key key, ParameterSpec spec) {
    if (!spec.trainable()) {
      throw new InvalidInputException(
          "Bayes by backprop: network "
              + network.name()
              + " has the running statistic "
              + key
              + ", which has no distribution; take a network without batch norm");
    }
  }

  List<Part> parts() {
    return parts;
  }

  static double sigma(double rho) {
    return rho > 30 ? rho : StrictMath.log1p(StrictMath.exp(rho));
  }

  /** Writes the means into parameters. */
  void means(Parameters to) {
    parts.forEach(p -> to.set(p.key, p.mu));
  }

  /** Writes one sample into parameters; it follows from the seed and the step alone. */
  void sample(Parameters to, long seed, long step) {
    Random random = new Random(new SplittableRandom(seed * 0x9E3779B97F4A7C15L + step).nextLong());
    for (Part p : parts) {
      double[] w = new double[p.mu.length];
      for (int i = 0; i < w.length; i++) {
        p.epsilon[i] = random.nextGaussian();
        w[i] = p.mu[i] + sigma(p.rho[i]) * p.epsilon[i];
      }
      to.set(p.key, w);
    }
  }

  /**
   * KL divergence to N(0, prior^2) of each parameter: sum of log(prior / sigma) + (sigma^2 + mu^2)
   * / (2 prior^2) - 1/2.
   */
  double divergence(double prior) {
    double sum = 0;
    for (Part p : parts) {
      for (int i = 0; i < p.mu.length; i++) {
        double s = sigma(p.rho[i]) / prior;
        double m = p.mu[i] / prior;
        sum += 0.5 * (s * s + m * m - 1) - StrictMath.log(s);
      }
    }
    return sum;
  }

  /**
   * Gradient of loss(mu + sigma epsilon) + weight * divergence for the epsilon of the last sample.
   *
   * @param gradient of the loss with respect to the parameters of this part
   */
  static void gradient(Part p, double[] gradient, double prior, double weight) {
    double inverse = 1 / (prior * prior);
    for (int i = 0; i < gradient.length; i++) {
      double s = sigma(p.rho[i]);
      p.muGradient[i] = gradient[i] + weight * p.mu[i] * inverse;
      double bySigma = gradient[i] * p.epsilon[i] + weight * (s * inverse - 1 / s);
      p.rhoGradient[i] = bySigma / (1 + StrictMath.exp(-p.rho[i]));
    }
  }
}
