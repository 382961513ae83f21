package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import org.junit.jupiter.api.Test;

class LbfgsTest {

  private static double minimize(
      ToDoubleBiFunction<double[], double[]> f, double[] w, int iterations, List<Double> values) {
    Lbfgs lbfgs = new Lbfgs(f, w);
    while (lbfgs.iteration() < iterations && lbfgs.step()) {
      values.add(lbfgs.value());
    }
    System.arraycopy(lbfgs.point(), 0, w, 0, w.length);
    return lbfgs.value();
  }

  /** Least at (1,1), along a curved valley. */
  private static double rosenbrock(double[] w, double[] g) {
    double a = 1 - w[0];
    double b = w[1] - w[0] * w[0];
    g[0] = -2 * a - 400 * w[0] * b;
    g[1] = 200 * b;
    return a * a + 100 * b * b;
  }

  @Test
  void findsRosenbrocksMinimum() {
    double[] w = {-1.2, 1};
    List<Double> values = new ArrayList<>();
    double least = minimize(LbfgsTest::rosenbrock, w, 200, values);
    assertArrayEquals(new double[] {1, 1}, w, 1e-5);
    assertTrue(least < 1e-10, "value " + least);
    for (int i = 1; i < values.size(); i++) {
      assertTrue(values.get(i) < values.get(i - 1), "every iteration decreases");
    }
  }

  /** f = sum d_i (w_i - c_i)^2 / 2 + 5, condition 1e4: least 5 at c. */
  @Test
  void solvesAQuadratic() {
    double[] w = new double[12];
    double[] c = new double[12];
    double[] d = new double[12];
    for (int i = 0; i < 12; i++) {
      c[i] = Math.sin(3 * i) * 10;
      d[i] = Math.pow(10, i * 4 / 11.0);
    }
    ToDoubleBiFunction<double[], double[]> f =
        (v, g) -> {
          double sum = 5;
          for (int i = 0; i < v.length; i++) {
            g[i] = d[i] * (v[i] - c[i]);
            sum += 0.5 * g[i] * (v[i] - c[i]);
          }
          return sum;
        };
    double least = minimize(f, w, 500, new ArrayList<>());
    assertEquals(5, least, 1e-9);
    assertArrayEquals(c, w, 1e-4);
  }

  @Test
  void takesNoMoreIterationsThanAsked() {
    List<Double> values = new ArrayList<>();
    minimize(LbfgsTest::rosenbrock, new double[] {-1.2, 1}, 3, values);
    assertEquals(3, values.size());
  }

  @Test
  void staysWhereTheGradientIsZeroOrNotANumber() {
    double[] w = {1, 1};
    assertEquals(0, minimize(LbfgsTest::rosenbrock, w, 10, new ArrayList<>()));
    assertArrayEquals(new double[] {1, 1}, w);
    List<Double> values = new ArrayList<>();
    double[] start = {3};
    minimize(
        (v, g) -> {
          g[0] = Double.NaN;
          return 1;
        },
        start,
        10,
        values);
    assertTrue(values.isEmpty());
    assertArrayEquals(new double[] {3}, start);
  }

  /** A wall of infinite values: the line search goes back to where the function is finite. */
  @Test
  void turnsBackFromInfinity() {
    double[] w = {5};
    minimize(
        (v, g) -> {
          g[0] = 1 - 1 / v[0];
          return v[0] <= 0 ? Double.POSITIVE_INFINITY : v[0] - Math.log(v[0]);
        },
        w,
        100,
        new ArrayList<>());
    assertEquals(1, w[0], 1e-5);
  }

  /** Interrupted after any step, the rest is the same to the last bit. */
  @Test
  void resumesInTheSameBits() {
    double[] start = {-1.2, 1};
    Lbfgs whole = new Lbfgs(LbfgsTest::rosenbrock, start);
    Lbfgs parts = new Lbfgs(LbfgsTest::rosenbrock, start);
    while (whole.step()) {
      assertTrue(parts.step());
      assertTrue(Lbfgs.isState(parts.state(), 2));
      List<double[]> kept = parts.state().stream().map(double[]::clone).toList();
      parts = Lbfgs.resume(LbfgsTest::rosenbrock, parts.iteration(), kept);
      assertArrayEquals(whole.point(), parts.point());
      assertEquals(whole.value(), parts.value());
    }
    assertEquals(whole.iteration(), parts.iteration());
    assertTrue(!parts.step(), "it has settled, too");
  }
}
