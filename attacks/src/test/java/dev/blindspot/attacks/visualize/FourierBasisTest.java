package dev.blindspot.attacks.visualize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FourierBasisTest {

  private static double[] random(int n, long seed) {
    SplittableRandom r = new SplittableRandom(seed);
    return r.doubles(n, -1, 1).toArray();
  }

  private static double squares(double[] x) {
    return Arrays.stream(x).map(v -> v * v).sum();
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,6", "5,1", "2,2", "4,4", "5,7", "6,9", "28,28"})
  void roundTripAndParseval(int h, int w) {
    FourierBasis basis = new FourierBasis(h, w);
    double[] x = random(2 * h * w, 1);
    double[] y = new double[x.length];
    double[] back = new double[x.length];
    for (int at = 0; at < x.length; at += h * w) {
      basis.forward(x, y, at);
      basis.inverse(y, back, at);
    }
    assertArrayEquals(x, back, 1e-12);
    assertEquals(squares(x), squares(y), 1e-12 * squares(x));
  }

  @Test
  void cosineAndSineHaveOneCoefficient() {
    int h = 6;
    int w = 8;
    FourierBasis basis = new FourierBasis(h, w);
    double[] x = new double[h * w];
    double[] y = new double[h * w];
    for (int i = 0; i < x.length; i++) {
      x[i] = Math.cos(2 * Math.PI * 2 * (i / w) / h) * Math.sin(2 * Math.PI * 3 * (i % w) / w);
    }
    basis.forward(x, y, 0);
    int at = 3 * w + 6; // cosine of frequency 2 down, sine of frequency 3 across
    assertEquals(Math.sqrt(h * w / 4.0), y[at], 1e-12);
    y[at] = 0;
    assertEquals(0, squares(y), 1e-24);
    double f = Math.hypot(2.0 / h, 3.0 / w);
    assertEquals(1 / f / 4, basis.decay(1)[at], 1e-12);
    assertEquals(1 / f / f / 4, basis.decay(2)[at], 1e-12);
    assertEquals(w / 4.0, basis.decay(1)[0], 1e-12, "a constant is scaled as one slow wave");
  }

  @Test
  void fourierCanvasKeepsItsStartAndGivesTheGradient() {
    Shape shape = Shape.of(2, 5, 4);
    double[] start = Arrays.stream(random(40, 2)).map(v -> 0.5 + 0.45 * v).toArray();
    FourierCanvas canvas = new FourierCanvas(start, shape);
    assertArrayEquals(start, canvas.image(), 1e-12);
    // J = sum(weight image): central differences in each coefficient.
    double[] weight = random(40, 3);
    double[] gradient = canvas.gradient(weight).clone();
    double step = 1e-5;
    for (int i = 0; i < 40; i++) {
      double[] delta = new double[40];
      delta[i] = step;
      canvas.add(delta);
      double up = dot(weight, canvas.image());
      delta[i] = -2 * step;
      canvas.add(delta);
      double down = dot(weight, canvas.image());
      delta[i] = step;
      canvas.add(delta);
      assertEquals((up - down) / (2 * step), gradient[i], 1e-8);
    }
  }

  @Test
  void fourierCanvasStaysInsideTheBox() {
    double[] start = new double[16];
    Arrays.fill(start, 0, 8, 1);
    FourierCanvas canvas = new FourierCanvas(start, Shape.of(1, 4, 4));
    assertArrayEquals(start, canvas.image(), 1 / 512.0 + 1e-12);
    double[] delta = new double[16];
    Arrays.fill(delta, 1e6);
    canvas.add(delta);
    for (double v : canvas.image()) {
      assertEquals(0.5, v, 0.5);
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
