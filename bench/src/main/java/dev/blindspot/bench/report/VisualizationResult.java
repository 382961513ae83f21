package dev.blindspot.bench.report;

import dev.blindspot.attacks.visualize.VisualizationOptions;
import java.util.List;

/**
 * What {@code visualize} made: the content of its JSON file, whose keys are these names in snake
 * case. The pixels are in PNG files.
 *
 * @param format of the JSON file
 * @param version of the program
 * @param command as it was typed
 * @param device the backend's name
 * @param precision how products are formed
 * @param data null if none was needed
 * @param objective "channel", "unit", "class" or "layer"
 * @param layer whose activation is looked at; of classes null
 * @param from what the ascent began at
 * @param startLabel what the network says of the start
 * @param startProbability softmax of that label's logit
 * @param seconds of the ascent, without training
 */
public record VisualizationResult(
    String format,
    String version,
    String command,
    String device,
    String precision,
    int threads,
    long seed,
    String model,
    String data,
    String objective,
    String layer,
    String from,
    int startLabel,
    double startProbability,
    VisualizationOptions settings,
    List<Picture> pictures,
    double seconds) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-visualize-1";

  /**
   * One picture.
   *
   * @param index channel, unit or class; 0 for a layer
   * @param file name of its PNG file; null if none was written
   * @param before the objective at the start, without jitter
   * @param after the objective of the picture, without jitter
   * @param label what the network says of it
   * @param probability softmax of that label's logit
   * @param zeroGradients gradients that were zero everywhere
   * @param path the objective at each gradient
   */
  public record Picture(
      int index,
      String file,
      double before,
      double after,
      int label,
      double probability,
      int zeroGradients,
      List<Double> path) {}
}
