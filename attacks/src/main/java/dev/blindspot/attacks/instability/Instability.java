package dev.blindspot.attacks.instability;

import dev.blindspot.attacks.bounds.NetworkBound;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Follows perturbations through a network, row by row of its bound: "how is the instability
 * amplified by the layers?" (Szegedy et al. 2013, section 4.3). The product of the upper bounds
 * says how much any perturbation can grow, the measurement how much these ones did, and how much
 * Gaussian noise of the same norms did.
 */
public final class Instability {
  private Instability() {}

  /**
   * Measures how perturbations grow. Same seed, threads and machine: same bits.
   *
   * @param parameters F32, on {@code backend}; only read
   * @param bound of this network
   * @param clean [n,...]
   * @param changed [n,...]: the same samples with their perturbations, each other than zero
   * @param keys [n]: what each sample's noise is keyed by
   * @param progress told the number of samples done, up to 2 n
   * @throws InvalidInputException if something does not fit, a perturbation is zero or not finite,
   *     or an activation is not finite
   */
  public static InstabilityResult measure(
      Network network,
      Parameters parameters,
      Backend backend,
      NetworkBound bound,
      float[] clean,
      float[] changed,
      int[] keys,
      long seed,
      IntConsumer progress) {
    int n = keys.length;
    check(network, parameters, backend, clean, changed, n);
    try (Differences differences = new Differences(network, parameters, backend, n)) {
      if (bound.layers().size() != differences.rows()) {
        throw new InvalidInputException(
            "Instability: the bound has "
                + bound.layers().size()
                + " rows, that of network "
                + network.name()
                + " has "
                + differences.rows());
      }
      double[][] adversarial = differences.measure(clean, changed, progress);
      double[] norms = adversarial[0];
      for (int i = 0; i < n; i++) {
        if (!(norms[i] > 0)) {
          throw new InvalidInputException(
              "Instability: the perturbation of sample " + i + " is zero; leave it out");
        }
      }
      float[] noisy = NoiseOfNorm.add(clean, norms, keys, seed);
      double[][] noise = differences.measure(clean, noisy, i -> progress.accept(n + i));
      List<LayerInstability> layers = new ArrayList<>();
      List<Double> products = bound.products();
      for (int row = 0; row < products.size(); row++) {
        layers.add(
            new LayerInstability(
                bound.layers().get(row),
                products.get(row),
                growth(adversarial, row + 1),
                growth(noise, row + 1)));
      }
      return new InstabilityResult(n, Statistics.of(norms), layers);
    }
  }

  private static Growth growth(double[][] distances, int row) {
    return new Growth(
        ratio(distances[row], distances[0]), ratio(distances[row], distances[row - 1]));
  }

  private static Statistics ratio(double[] a, double[] b) {
    return Statistics.of(
        IntStream.range(0, a.length).filter(i -> b[i] > 0).mapToDouble(i -> a[i] / b[i]).toArray());
  }

  private static void check(
      Network network,
      Parameters parameters,
      Backend backend,
      float[] clean,
      float[] changed,
      int n) {
    if (n == 0) {
      throw new InvalidInputException("Instability: there is no sample");
    }
    if (parameters.type() != ElementType.F32 || parameters.backend() != backend) {
      throw new InvalidInputException(
          "Instability: the parameters must be F32, on backend "
              + backend.name()
              + ", not "
              + parameters.type()
              + " on "
              + parameters.backend().name());
    }
    long values = n * network.inputShape().size();
    if (clean.length != values || changed.length != values) {
      throw new InvalidInputException(
          "Instability: "
              + clean.length
              + " clean and "
              + changed.length
              + " changed values for "
              + n
              + " samples of "
              + network.inputShape()
              + "; needed are "
              + values
              + " each");
    }
  }
}
