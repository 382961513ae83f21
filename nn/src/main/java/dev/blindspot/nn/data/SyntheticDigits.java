package dev.blindspot.nn.data;

import dev.blindspot.engine.Shape;
import java.util.SplittableRandom;

/**
 * Digits drawn by a program: 8,000 for training and 2,000 for testing, 1x28x28. Each digit has a
 * few styles made of strokes; a sample moves the strokes' points, slants, turns and scales them,
 * bends the plane by a smooth random field (elastic distortion, Simard et al. 2003), and draws them
 * with a random thickness and ink. The same seed gives the same bytes on every machine.
 */
public final class SyntheticDigits {
  static final int TRAIN = 8000;
  static final int TEST = 2000;
  private static final int SIDE = 28;
  private static final int PIECES = 6;

  // How much varies: deviations of points (parts of the digit's size), of the elastic waves and of
  // the ink; half ranges of slant (tangent), turn (radians) and shift (pixels).
  private static final double POINT_JITTER = 0.02;

  private static final double SLANT = 0.4;
  private static final double TURN = 0.2;
  private static final double SHIFT = 2.2;
  private static final double ELASTIC = 0.025;
  private static final double NOISE = 0.05;

  private SyntheticDigits() {}

  /** Draws both sets. */
  public static DataSplit draw(long seed) {
    return new DataSplit(draw(seed, 0, TRAIN), draw(seed, 1, TEST));
  }

  private static DataSet draw(long seed, int part, int count) {
    byte[][] pixels = new byte[count][];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      long key = (seed * 0x9E3779B97F4A7C15L + part) * 0xD1B54A32D192ED03L + i;
      SplittableRandom random = new SplittableRandom(key);
      labels[i] = i % 10;
      pixels[i] = draw(labels[i], random);
    }
    return new DataSet("synthetic", Shape.of(1, SIDE, SIDE), 10, pixels, labels);
  }

  /** One image [28*28]. */
  static byte[] draw(int digit, SplittableRandom random) {
    double[][][] styles = DigitStrokes.STYLES[digit];
    double[][] strokes = styles[random.nextInt(styles.length)];
    Pose pose = new Pose(random);
    Elastic elastic = new Elastic(random);
    double radius = uniform(random, 1.2, 2.0);
    double[] ink = new double[SIDE * SIDE];
    for (double[] stroke : strokes) {
      double[] line = spline(jitter(stroke, random));
      for (int i = 0; i < line.length; i += 2) {
        elastic.bend(line, i);
        pose.place(line, i);
      }
      for (int i = 0; i + 3 < line.length; i += 2) {
        drawLine(ink, line, i, radius);
      }
    }
    double strength = uniform(random, 0.75, 1);
    byte[] pixels = new byte[SIDE * SIDE];
    for (int i = 0; i < pixels.length; i++) {
      double v = strength * ink[i];
      v += ink[i] > 0 ? NOISE * normal(random) : 0;
      pixels[i] = (byte) Math.round(255 * Math.min(1, Math.max(0, v)));
    }
    return pixels;
  }

  /** Scale, slant, turn and shift from the unit square to pixels. */
  private static final class Pose {
    private final double xx;
    private final double xy;
    private final double yx;
    private final double yy;
    private final double x0;
    private final double y0;

    Pose(SplittableRandom random) {
      double height = uniform(random, 16, 21);
      double width = height * uniform(random, 0.8, 1.05);
      double slant = uniform(random, -SLANT, SLANT);
      double turn = uniform(random, -TURN, TURN);
      double cos = StrictMath.cos(turn);
      double sin = StrictMath.sin(turn);
      xx = cos * width;
      yx = sin * width;
      xy = (-slant * cos - sin) * height;
      yy = (cos - slant * sin) * height;
      x0 = SIDE / 2.0 + uniform(random, -SHIFT, SHIFT);
      y0 = SIDE / 2.0 + uniform(random, -SHIFT, SHIFT);
    }

    void place(double[] p, int i) {
      double x = p[i] - 0.5;
      double y = p[i + 1] - 0.5;
      p[i] = x0 + xx * x + xy * y;
      p[i + 1] = y0 + yx * x + yy * y;
    }
  }

  /** A smooth random displacement of the unit square: a sum of a few long waves. */
  private static final class Elastic {
    private static final int WAVES = 4;
    private final double[] wave = new double[5 * WAVES];

    Elastic(SplittableRandom random) {
      for (int i = 0; i < wave.length; i += 5) {
        wave[i] = uniform(random, -6, 6);
        wave[i + 1] = uniform(random, -6, 6);
        wave[i + 2] = uniform(random, 0, 2 * Math.PI);
        wave[i + 3] = ELASTIC * normal(random);
        wave[i + 4] = ELASTIC * normal(random);
      }
    }

    void bend(double[] p, int at) {
      double x = p[at];
      double y = p[at + 1];
      for (int i = 0; i < wave.length; i += 5) {
        double s = StrictMath.sin(wave[i] * x + wave[i + 1] * y + wave[i + 2]);
        p[at] += wave[i + 3] * s;
        p[at + 1] += wave[i + 4] * s;
      }
    }
  }

  private static double[] jitter(double[] points, SplittableRandom random) {
    double[] p = points.clone();
    for (int i = 0; i < p.length; i++) {
      p[i] += POINT_JITTER * normal(random);
    }
    return p;
  }

  /** Points along the smooth curve through {@code p} (Catmull and Rom 1974). */
  private static double[] spline(double[] p) {
    int n = p.length / 2;
    double[] line = new double[2 * ((n - 1) * PIECES + 1)];
    int at = 0;
    for (int i = 0; i + 1 < n; i++) {
      for (int k = 0; k < PIECES; k++) {
        double t = (double) k / PIECES;
        for (int axis = 0; axis < 2; axis++) {
          double a = p[2 * Math.max(0, i - 1) + axis];
          double b = p[2 * i + axis];
          double c = p[2 * i + 2 + axis];
          double d = p[2 * Math.min(n - 1, i + 2) + axis];
          line[at++] =
              b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
        }
      }
    }
    line[at++] = p[2 * n - 2];
    line[at] = p[2 * n - 1];
    return line;
  }

  /** Inks the pixels near the line from point {@code i} to the next, fading over one pixel. */
  private static void drawLine(double[] ink, double[] line, int i, double radius) {
    double ax = line[i];
    double ay = line[i + 1];
    double dx = line[i + 2] - ax;
    double dy = line[i + 3] - ay;
    double length2 = Math.max(1e-12, dx * dx + dy * dy);
    double reach = radius + 0.5;
    int top = clamp(Math.floor(Math.min(ay, ay + dy) - reach));
    int bottom = clamp(Math.ceil(Math.max(ay, ay + dy) + reach));
    int left = clamp(Math.floor(Math.min(ax, ax + dx) - reach));
    int right = clamp(Math.ceil(Math.max(ax, ax + dx) + reach));
    for (int y = top; y <= bottom; y++) {
      for (int x = left; x <= right; x++) {
        double px = x + 0.5 - ax;
        double py = y + 0.5 - ay;
        double t = Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
        double ex = px - t * dx;
        double ey = py - t * dy;
        double v = Math.min(1, reach - Math.sqrt(ex * ex + ey * ey));
        ink[y * SIDE + x] = Math.max(ink[y * SIDE + x], v);
      }
    }
  }

  private static int clamp(double v) {
    return (int) Math.min(SIDE - 1, Math.max(0, v));
  }

  private static double uniform(SplittableRandom random, double from, double to) {
    return from + (to - from) * random.nextDouble();
  }

  /** Nearly normal with deviation 1, bounded by 3: a sum of uniforms, equal on every JDK. */
  private static double normal(SplittableRandom random) {
    double sum = -2;
    for (int i = 0; i < 4; i++) {
      sum += random.nextDouble();
    }
    return sum * Math.sqrt(3);
  }
}
