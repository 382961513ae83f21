package dev.blindspot.bench.report;

import dev.blindspot.attacks.inspect.TopImages;
import java.util.List;

/**
 * What an inspection found: the content of its JSON file, whose keys are these names in snake case.
 *
 * @param format of the JSON file
 * @param version of the program
 * @param command as it was typed
 * @param device the backend's name
 * @param precision how products are formed
 * @param images number of test images ranked
 * @param features elements of the layer's activation for one image
 * @param deadUnits of them, constant over all images: excluded
 * @param units rows whose images are positions in the test split
 * @param directions like units
 * @param meanUnitPurity mean over units of the share of the most frequent label
 * @param meanDirectionPurity the same over directions
 * @param permutations of the test of their difference
 * @param pValue two-sided
 * @param seconds of the inspection, without training
 */
public record InspectionResult(
    String format,
    String version,
    String command,
    String device,
    String precision,
    int threads,
    long seed,
    String model,
    String data,
    String layer,
    int images,
    int features,
    int deadUnits,
    double meanUnitPurity,
    double meanDirectionPurity,
    int permutations,
    double pValue,
    List<TopImages> units,
    List<TopImages> directions,
    double seconds) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-inspect-1";
}
