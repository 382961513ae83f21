package dev.blindspot.attacks.calibration;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;

/**
 * Moves, turns, scales and blurs images [n,c,h,w], in double, rounded once. Moved ones are sampled
 * bilinearly about the centre of the image, which is 0 outside of its pixels.
 */
public final class ImageWarp {
  /** A coordinate so near to a pixel is the pixel: quarter turns are exact. */
  private static final double SNAP = 1e-9;

  private ImageWarp() {}

  /** y[i,j] = x[i - down, j - right]. */
  public static float[] shift(float[] images, Shape shape, double down, double right) {
    return warp(images, shape, 1, 0, down, right);
  }

  /** Turned counter-clockwise by so many degrees. */
  public static float[] rotate(float[] images, Shape shape, double degrees) {
    double angle = Math.toRadians(degrees);
    return warp(images, shape, Math.cos(angle), Math.sin(angle), 0, 0);
  }

  /** Magnified by so much. */
  public static float[] scale(float[] images, Shape shape, double factor) {
    if (!(factor > 0 && factor < Double.POSITIVE_INFINITY)) {
      throw new InvalidInputException(
          "Scale: the factor must be positive and finite, not " + factor);
    }
    return warp(images, shape, 1 / factor, 0, 0, 0);
  }

  /**
   * y at the offset (r, q) from the centre, r down and q to the right, is x at (cos (r - down) +
   * sin (q - right), -sin (r - down) + cos (q - right)).
   */
  private static float[] warp(
      float[] images, Shape shape, double cos, double sin, double down, double right) {
    check(images, shape);
    int h = (int) shape.dim(1);
    int w = (int) shape.dim(2);
    float[] y = new float[images.length];
    for (int i = 0; i < h; i++) {
      for (int j = 0; j < w; j++) {
        double r = i - (h - 1) / 2.0 - down;
        double q = j - (w - 1) / 2.0 - right;
        sample(
            images,
            y,
            h,
            w,
            i * w + j,
            snap(cos * r + sin * q + (h - 1) / 2.0),
            snap(cos * q - sin * r + (w - 1) / 2.0));
      }
    }
    return y;
  }

  private static double snap(double v) {
    double whole = Math.rint(v);
    return Math.abs(v - whole) < SNAP ? whole : v;
  }

  /** Writes the value at a place, bilinear, to element {@code at} of every plane. */
  private static void sample(
      float[] x, float[] y, int h, int w, int at, double row, double column) {
    if (!(row > -1 && row < h && column > -1 && column < w)) {
      return;
    }
    int top = (int) Math.floor(row);
    int left = (int) Math.floor(column);
    double below = row - top;
    double right = column - left;
    for (int plane = 0; plane < x.length; plane += h * w) {
      y[plane + at] =
          (float)
              ((1 - below)
                      * ((1 - right) * pixel(x, plane, h, w, top, left)
                          + right * pixel(x, plane, h, w, top, left + 1))
                  + below
                      * ((1 - right) * pixel(x, plane, h, w, top + 1, left)
                          + right * pixel(x, plane, h, w, top + 1, left + 1)));
    }
  }

  private static double pixel(float[] x, int plane, int h, int w, int row, int column) {
    return row < 0 || row >= h || column < 0 || column >= w ? 0 : x[plane + row * w + column];
  }

  /**
   * Convolved in both directions with a Gaussian of this standard deviation in pixels, cut at three
   * of them and divided by its sum. 0 keeps the images.
   */
  public static float[] blur(float[] images, Shape shape, double stddev) {
    check(images, shape);
    double most = Math.max(shape.dim(1), shape.dim(2));
    if (!(stddev >= 0 && stddev <= most)) {
      throw new InvalidInputException(
          "Blur: the standard deviation must be between 0 and the image's side, "
              + most
              + " pixels, not "
              + stddev);
    }
    if (stddev == 0) {
      return images.clone();
    }
    int h = (int) shape.dim(1);
    int w = (int) shape.dim(2);
    double[] kernel = gaussian(stddev);
    float[] y = new float[images.length];
    double[] rows = new double[h * w];
    for (int plane = 0; plane < images.length; plane += h * w) {
      for (int i = 0; i < h * w; i++) {
        rows[i] = 0;
        int column = i % w;
        for (int k = 0; k < kernel.length; k++) {
          int from = column + k - kernel.length / 2;
          rows[i] += from < 0 || from >= w ? 0 : kernel[k] * images[plane + i - column + from];
        }
      }
      for (int i = 0; i < h * w; i++) {
        double sum = 0;
        for (int k = 0; k < kernel.length; k++) {
          int from = i / w + k - kernel.length / 2;
          sum += from < 0 || from >= h ? 0 : kernel[k] * rows[from * w + i % w];
        }
        y[plane + i] = (float) sum;
      }
    }
    return y;
  }

  private static double[] gaussian(double stddev) {
    int reach = (int) Math.ceil(3 * stddev);
    double[] kernel = new double[2 * reach + 1];
    double sum = 0;
    for (int k = -reach; k <= reach; k++) {
      kernel[k + reach] = StrictMath.exp(-k * k / (2 * stddev * stddev));
      sum += kernel[k + reach];
    }
    for (int k = 0; k < kernel.length; k++) {
      kernel[k] /= sum;
    }
    return kernel;
  }

  private static void check(float[] images, Shape shape) {
    if (shape.rank() != 3 || images.length % shape.size() != 0) {
      throw new InvalidInputException(
          "Image change: " + images.length + " values are not whole images " + shape);
    }
  }
}
