package dev.blindspot.attacks.calibration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.calibration.Transformation.Kind;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageWarpTest {

  private static float[] random(int n) {
    SplittableRandom random = new SplittableRandom(n);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble();
    }
    return x;
  }

  private interface Source {
    /** Index of the source in its plane, negative for 0. */
    int of(int row, int column);
  }

  private static float[] expected(float[] x, int h, int w, Source source) {
    float[] y = new float[x.length];
    for (int plane = 0; plane < x.length; plane += h * w) {
      for (int i = 0; i < h * w; i++) {
        int from = source.of(i / w, i % w);
        y[plane + i] = from < 0 ? 0 : x[plane + from];
      }
    }
    return y;
  }

  @ParameterizedTest
  @CsvSource({"0,0", "1,0", "0,-2", "-3,2", "4,5", "100,0"})
  void shiftByWholePixelsMovesIndices(int down, int right) {
    int h = 5;
    int w = 6;
    float[] x = random(2 * 3 * h * w);
    float[] want =
        expected(
            x,
            h,
            w,
            (i, j) -> {
              int r = i - down;
              int c = j - right;
              return r < 0 || r >= h || c < 0 || c >= w ? -1 : r * w + c;
            });
    assertArrayEquals(want, ImageWarp.shift(x, Shape.of(3, h, w), down, right));
  }

  @Test
  void shiftByHalfAPixelIsTheMeanOfTwo() {
    float[] y = ImageWarp.shift(new float[] {0.2f, 0.6f, 1}, Shape.of(1, 1, 3), 0, 0.5);
    assertArrayEquals(new float[] {0.1f, 0.4f, 0.8f}, y, 1e-7f);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 5})
  void quarterTurnsPermuteIndices(int n) {
    float[] x = random(2 * n * n);
    Shape shape = Shape.of(2, n, n);
    // Counter-clockwise: the right column becomes the top row.
    float[] quarter = expected(x, n, n, (i, j) -> j * n + n - 1 - i);
    assertArrayEquals(quarter, ImageWarp.rotate(x, shape, 90));
    assertArrayEquals(x, ImageWarp.rotate(quarter, shape, -90));
    assertArrayEquals(
        ImageWarp.rotate(quarter, shape, 90), ImageWarp.rotate(x, shape, 180), "two quarters");
    assertArrayEquals(x, ImageWarp.rotate(x, shape, 360));
  }

  @Test
  void halfTheSizeSamplesEverySecondPoint() {
    float[] x = random(25);
    float[] y = ImageWarp.scale(x, Shape.of(1, 5, 5), 0.5);
    // About the centre (2,2): y[2 + i, 2 + j] = x[2 + 2 i, 2 + 2 j].
    for (int i = 0; i < 25; i++) {
      int r = 2 * (i / 5) - 2;
      int c = 2 * (i % 5) - 2;
      assertEquals(r < 0 || r > 4 || c < 0 || c > 4 ? 0 : x[5 * r + c], y[i]);
    }
    assertArrayEquals(x, ImageWarp.scale(x, Shape.of(1, 5, 5), 1));
  }

  @Test
  void blurKeepsAConstantInsideAndTheMassOfAPoint() {
    float[] constant = new float[2 * 15 * 15];
    Arrays.fill(constant, 0.7f);
    float[] y = ImageWarp.blur(constant, Shape.of(2, 15, 15), 1.2); // reaches 4 pixels
    for (int i = 0; i < y.length; i++) {
      int r = i / 15 % 15;
      int c = i % 15;
      boolean inside = r >= 4 && r <= 10 && c >= 4 && c <= 10;
      assertTrue(inside ? Math.abs(y[i] - 0.7f) < 1e-6 : y[i] < 0.7001f, "pixel " + i);
    }
    assertTrue(y[0] < 0.5, "darker in the corner");
    float[] point = new float[15 * 15];
    point[7 * 15 + 7] = 1;
    float[] spread = ImageWarp.blur(point, Shape.of(1, 15, 15), 1.2);
    double sum = 0;
    for (float v : spread) {
      sum += v;
    }
    assertEquals(1, sum, 1e-6);
    // Two pixels away, along and across.
    assertEquals(Math.exp(-4 / (2 * 1.44)), spread[7 * 15 + 9] / spread[7 * 15 + 7], 1e-6);
    assertEquals(spread[7 * 15 + 9], spread[9 * 15 + 7]);
    assertArrayEquals(point, ImageWarp.blur(point, Shape.of(1, 15, 15), 0));
  }

  @Test
  void everyKindHasItsDirectionsAndKeepsTheBox() {
    Shape shape = Shape.of(1, 6, 6);
    float[] x = random(72);
    double[] strengths = {1.5, 20, 1.3, 0.8};
    int[] versions = {4, 2, 1, 1};
    for (Kind kind : Kind.values()) {
      Transformation t = new Transformation(kind, strengths[kind.ordinal()]);
      assertEquals(versions[kind.ordinal()], t.versions());
      List<float[]> seen = new ArrayList<>();
      for (int v = 0; v < t.versions(); v++) {
        float[] y = t.apply(x, shape, v);
        for (float value : y) {
          assertTrue(value >= 0 && value <= 1);
        }
        assertTrue(seen.stream().noneMatch(s -> Arrays.equals(s, y)));
        seen.add(y);
      }
      Transformation nothing = new Transformation(kind, kind.identity());
      assertEquals(1, nothing.versions());
      assertArrayEquals(x, nothing.apply(x, shape, 0));
    }
    Transformation shift = new Transformation(Kind.SHIFT, 2);
    assertArrayEquals(ImageWarp.shift(x, shape, 0, 2), shift.apply(x, shape, 0));
    assertArrayEquals(ImageWarp.shift(x, shape, 0, -2), shift.apply(x, shape, 1));
    assertArrayEquals(ImageWarp.shift(x, shape, 2, 0), shift.apply(x, shape, 2));
    assertArrayEquals(ImageWarp.shift(x, shape, -2, 0), shift.apply(x, shape, 3));
  }

  @Test
  void generalizationIsTheMeanOfAllDirections() {
    // The model says 1 if the first pixel is lit: a shift by one to the left or up lights it.
    Shape shape = Shape.of(1, 3, 3);
    float[] x = new float[9];
    x[1] = 1;
    ProbabilityModel model =
        (images, n) ->
            new double[][] {images[0] > 0.5 ? new double[] {0.2, 0.8} : new double[] {0.7, 0.3}};
    List<Transformation> changes = Transformation.of(Kind.SHIFT, List.of(0.0, 1.0));
    int[] done = {0};
    List<LocalGeneralization.Point> points =
        LocalGeneralization.run(model, x, new int[] {0}, shape, changes, d -> done[0] = d);
    assertEquals(2, done[0]);
    assertEquals(1, points.get(0).accuracy(), 1e-15);
    assertEquals(0.7, points.get(0).confidence(), 1e-15);
    assertEquals(0.75, points.get(1).accuracy(), 1e-15);
    assertEquals(0.25 * 0.8 + 0.75 * 0.7, points.get(1).confidence(), 1e-15);
  }

  @Test
  void badInputIsRefused() {
    Shape shape = Shape.of(1, 2, 2);
    fails("whole images", () -> ImageWarp.shift(new float[5], shape, 1, 0));
    fails("factor", () -> ImageWarp.scale(new float[4], shape, 0));
    fails("standard deviation", () -> ImageWarp.blur(new float[4], shape, 1e300));
    fails("standard deviation", () -> ImageWarp.blur(new float[4], shape, Double.NaN));
    fails("shift", () -> new Transformation(Kind.SHIFT, -1));
    fails("above 0", () -> new Transformation(Kind.SCALE, 0));
    fails("finite", () -> new Transformation(Kind.ROTATION, Double.POSITIVE_INFINITY));
    fails(
        "values for",
        () ->
            LocalGeneralization.run(
                (x, n) -> null, new float[4], new int[2], shape, List.of(), d -> {}));
  }

  private static void fails(String words, org.junit.jupiter.api.function.Executable work) {
    String message = assertThrows(InvalidInputException.class, work).getMessage();
    assertTrue(message.contains(words), "'" + words + "' in: " + message);
  }
}
