package dev.blindspot.attacks.calibration;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * How far from its data a model still knows what it sees: accuracy and mean confidence of images
 * that are moved, turned, scaled or blurred more and more.
 */
public final class LocalGeneralization {
  private LocalGeneralization() {}

  /**
   * What became of the images under one change.
   *
   * @param accuracy share of correct labels, the mean of all directions of the change
   * @param confidence mean probability of the label given, correct or not
   */
  public record Point(Transformation transformation, double accuracy, double confidence) {}

  /**
   * One point for each change, in their order.
   *
   * @param images [n,c,h,w], not changed
   * @param labels true ones [n]
   * @param shape [c,h,w] of one image
   * @param progress told the number of changes done
   */
  public static List<Point> run(
      ProbabilityModel model,
      float[] images,
      int[] labels,
      Shape shape,
      List<Transformation> changes,
      IntConsumer progress) {
    if (labels.length == 0 || images.length != labels.length * shape.size()) {
      throw new InvalidInputException(
          "Local generalisation: "
              + images.length
              + " values for "
              + labels.length
              + " images "
              + shape);
    }
    List<Point> points = new ArrayList<>();
    for (Transformation change : changes) {
      double accuracy = 0;
      double confidence = 0;
      int versions = change.versions();
      for (int v = 0; v < versions; v++) {
        float[] changed = change.apply(images, shape, v);
        Calibration c = Calibration.of(model.probabilities(changed, labels.length), labels, 1);
        accuracy += c.accuracy() / versions;
        confidence += c.confidence() / versions;
      }
      points.add(new Point(change, accuracy, confidence));
      progress.accept(points.size());
    }
    return List.copyOf(points);
  }
}
