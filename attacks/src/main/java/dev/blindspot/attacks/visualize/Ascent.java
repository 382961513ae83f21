package dev.blindspot.attacks.visualize;

import dev.blindspot.attacks.visualize.VisualizationOptions.Parameterization;
import dev.blindspot.engine.Shape;
import java.util.ArrayList;
import java.util.List;

/** One picture on its way up: its canvas at the present octave, and what the way was. */
final class Ascent {
  private final VisualizationOptions options;
  private final int height;
  private final int width;
  private final double[] start;
  private final List<Double> path = new ArrayList<>();
  private int zeroGradients;
  private double[] detail;
  private double[] base;
  private int h;
  private int w;
  private Canvas canvas;
  private StepRule rule;

  /**
   * @param start [c,h,w] in [0,1], shared
   */
  Ascent(double[] start, Shape shape, VisualizationOptions options) {
    this.options = options;
    this.start = start;
    height = (int) shape.dim(1);
    width = (int) shape.dim(2);
  }

  /** Begins an octave: the start image at this size, with the detail found at the size before. */
  void begin(int octaveHeight, int octaveWidth) {
    if (canvas != null) {
      double[] reached = canvas.image();
      detail = new double[reached.length];
      for (int i = 0; i < detail.length; i++) {
        detail[i] = reached[i] - base[i];
      }
      detail = resized(detail, h, w, octaveHeight, octaveWidth);
    }
    h = octaveHeight;
    w = octaveWidth;
    base = resized(start, height, width, h, w);
    double[] image = base.clone();
    for (int i = 0; detail != null && i < image.length; i++) {
      image[i] = Math.max(0, Math.min(1, image[i] + detail[i]));
    }
    int channels = image.length / (h * w);
    canvas =
        options.parameterization() == Parameterization.PIXELS
            ? new PixelCanvas(image)
            : new FourierCanvas(image, Shape.of(channels, h, w));
    rule = new StepRule(options, image.length);
  }

  private static double[] resized(double[] x, int h, int w, int toHeight, int toWidth) {
    return h == toHeight && w == toWidth ? x : new Resampling(h, w, toHeight, toWidth).apply(x);
  }

  /** The image at the octave's size; not to be written to. */
  double[] image() {
    return canvas.image();
  }

  /**
   * Goes one step.
   *
   * @param value of the objective where the gradient was taken
   * @param dx its gradient with respect to the last {@link #image}; overwritten
   */
  void step(double value, double[] dx) {
    path.add(value);
    boolean zero = true;
    for (double g : dx) {
      zero &= g == 0;
    }
    zeroGradients += zero ? 1 : 0;
    if (options.totalVariation() > 0) {
      TotalVariation.addGradient(canvas.image(), h, w, -options.totalVariation(), dx);
    }
    canvas.add(rule.of(canvas.gradient(dx)));
  }

  List<Double> path() {
    return path;
  }

  int zeroGradients() {
    return zeroGradients;
  }
}
