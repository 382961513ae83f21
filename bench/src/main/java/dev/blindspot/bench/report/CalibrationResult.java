package dev.blindspot.bench.report;

import dev.blindspot.attacks.calibration.CalibrationStudy;
import dev.blindspot.attacks.calibration.LocalGeneralization;
import dev.blindspot.attacks.calibration.TemperatureScaling;
import dev.blindspot.attacks.calibration.UncertaintyCondition;
import java.util.List;

/**
 * What {@code calibrate} found: the content of its JSON file, whose keys are these names in snake
 * case.
 *
 * @param format of the JSON file
 * @param version of the program
 * @param command as it was typed
 * @param device the backend's name
 * @param precision how products are formed
 * @param examples test images that were measured
 * @param attacked of them, those that were attacked
 * @param attacks with their settings
 * @param bins of the calibration curves
 * @param temperature null if none was fitted
 * @param conditions clean first, then noise, then attacks
 * @param generalization by kind of change and strength; those that change nothing included
 * @param uncertainty null unless asked for
 * @param seconds without training
 */
public record CalibrationResult(
    String format,
    String version,
    String command,
    String device,
    String precision,
    int threads,
    long seed,
    String model,
    String data,
    int examples,
    int attacked,
    List<String> attacks,
    int bins,
    TemperatureScaling temperature,
    List<CalibrationStudy.Condition> conditions,
    List<LocalGeneralization.Point> generalization,
    Uncertainty uncertainty,
    double seconds) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-calibrate-1";

  /**
   * What a predictive distribution says.
   *
   * @param method "deep ensemble of 5"
   * @param attacked the network that the adversarial examples were made for
   * @param conditions clean first, then noise, then the successes of each attack
   */
  public record Uncertainty(
      String method, String attacked, List<UncertaintyCondition> conditions) {}
}
