package dev.blindspot.bench.report;

import dev.blindspot.attacks.instability.Growth;
import dev.blindspot.attacks.instability.InstabilityResult;
import dev.blindspot.attacks.instability.Statistics;
import java.util.List;

/**
 * How perturbations grew over a network's layers: the content of its JSON file, whose keys are
 * these names in snake case.
 *
 * @param format of the JSON file
 * @param version of the program
 * @param command as it was typed
 * @param device the backend's name
 * @param precision how products are formed
 * @param attack with its settings
 * @param norm that the attack minimises or keeps within
 * @param cleanAccuracy on the whole test split
 * @param attacked examples, all classified correctly
 * @param measured those on which the attack succeeded
 * @param perturbationL2 of these
 * @param statement what the bounds are about
 * @param layers one for each row of the network's bound
 * @param networkUpper the product of the rows; null if it is not finite
 * @param seconds of attack, bounds and measurement, without training
 */
public record AmplifyResult(
    String format,
    String version,
    String command,
    String device,
    String precision,
    int threads,
    long seed,
    String model,
    String data,
    String attack,
    String norm,
    double cleanAccuracy,
    int attacked,
    int measured,
    Statistics perturbationL2,
    String statement,
    List<Layer> layers,
    double networkUpper,
    double seconds) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-amplify-1";

  /**
   * One row.
   *
   * @param product of the upper ends so far; null if it is not finite
   */
  public record Layer(
      String name,
      String kind,
      double lower,
      double upper,
      String method,
      double product,
      Growth adversarial,
      Growth noise) {}

  /** The rows of a measurement. */
  public static List<Layer> layers(InstabilityResult measured) {
    return measured.layers().stream()
        .map(
            l ->
                new Layer(
                    l.bound().name(),
                    l.bound().kind(),
                    l.bound().lower(),
                    l.bound().upper(),
                    l.bound().method(),
                    l.product(),
                    l.adversarial(),
                    l.noise()))
        .toList();
  }

  /** The last row: the network's output. */
  Layer output() {
    return layers.get(layers.size() - 1);
  }
}
