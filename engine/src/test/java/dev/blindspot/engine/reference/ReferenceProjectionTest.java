package dev.blindspot.engine.reference;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.ProjectionDesc;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ReferenceProjectionTest {
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final double NAN = Double.NaN;
  private final Fixture f = new Fixture();

  private double[] project(
      Norm norm, double low, double high, double[] x, double radius, double[] y) {
    Tensor z = f.f64(1, y);
    f.plan(new ProjectionDesc(norm, F64, 1, x.length, low, high))
        .execute(f.ctx, f.f64(1, x), f.f64(1, radius), z, z);
    return z.toDoubles();
  }

  @Test
  void closedFormsWithoutBox() {
    double[] x = {1, 1};
    assertArrayEquals(
        new double[] {4, 5}, project(Norm.L2, -INF, INF, x, 5, new double[] {7, 9}), 1e-15);
    assertArrayEquals(
        new double[] {6, 1}, project(Norm.LINF, -INF, INF, x, 5, new double[] {7, 1}));
    // |d| = (6,4): soft threshold 2.5 leaves (3.5,1.5), sum 5.
    assertArrayEquals(
        new double[] {4.5, -.5}, project(Norm.L1, -INF, INF, x, 5, new double[] {7, -3}), 1e-15);
  }

  @Test
  void closedFormsWithBox() {
    double[] x = {.5, .5, .5};
    // L2: the first is clipped to 1; s leaves 0.1^2 of 0.51^... for the others: 0.25 + 2 e^2 =
    // 0.27.
    double[] z = project(Norm.L2, 0, 1, x, Math.sqrt(.27), new double[] {9, .9, .1});
    assertArrayEquals(new double[] {1, .6, .4}, z, 1e-15);
    // L1 with lambda 0.2: (min(3.3,0.5), 0.1, 0.1).
    z = project(Norm.L1, 0, 1, x, .7, new double[] {4, .8, .2});
    assertArrayEquals(new double[] {1, .6, .4}, z, 1e-15);
    z = project(Norm.LINF, 0, 1, x, .7, new double[] {4, .8, -INF});
    assertArrayEquals(new double[] {1, .8, 0}, z);
  }

  @Test
  void insideIsUnchangedAndZeroRadiusGivesTheCentre() {
    double[] x = {.3, .7, 0};
    double[] y = {.31, .69, .02};
    for (Norm norm : Norm.values()) {
      assertArrayEquals(y, project(norm, 0, 1, x, 1, y));
      assertArrayEquals(x, project(norm, 0, 1, x, 0, y));
      assertArrayEquals(x, project(norm, 0, 1, x, 1, x));
      assertArrayEquals(
          new double[] {0, 1, 0}, project(norm, 0, 1, x, INF, new double[] {-9, 9, -1}));
    }
  }

  @Test
  void whatIsNotANumberStaysVisible() {
    double[] x = {.5, .5};
    double[] bad = {NAN, .6};
    assertArrayEquals(new double[] {NAN, NAN}, project(Norm.L1, 0, 1, x, 1, bad));
    assertArrayEquals(new double[] {NAN, NAN}, project(Norm.L2, 0, 1, x, 1, bad));
    assertArrayEquals(bad, project(Norm.LINF, 0, 1, x, 1, bad));
    for (Norm norm : Norm.values()) {
      assertArrayEquals(new double[] {NAN, NAN}, project(norm, 0, 1, x, -1, x));
      assertArrayEquals(new double[] {NAN, NAN}, project(norm, 0, 1, x, NAN, x));
    }
  }

  @Test
  void floatsStayInTheBoxToTheBit() {
    SplittableRandom random = new SplittableRandom(5);
    int n = 400;
    float[] x = new float[n];
    float[] y = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble();
      y[i] = x[i] + (float) random.nextDouble(-2, 2);
    }
    for (Norm norm : Norm.values()) {
      Tensor z = f.empty(F32, 1, n);
      f.plan(new ProjectionDesc(norm, F32, 1, n, 0, 1))
          .execute(f.ctx, f.f32(1, x), f.f32(1, 3), f.f32(1, y), z);
      for (float v : z.toFloats()) {
        assertTrue(v >= 0 && v <= 1, norm + " " + v);
      }
    }
  }

  /** z is the projection onto a convex set if and only if (y - z)(w - z) <= 0 for all its w. */
  @Property(tries = 300, seed = "20131221")
  void variationalInequality(
      @ForAll Norm norm, @ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int length) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] x = random.doubles(length).toArray();
    double[] y = random.doubles(length, -1, 2).toArray();
    for (int i = 0; i < length; i += 3) {
      x[i] = Math.rint(x[i]); // on the box's boundary, with ties
      y[i] = Math.rint(y[i]);
    }
    double radius = Math.pow(10, random.nextDouble(-3, 1));
    double[] z = project(norm, 0, 1, x, radius, y);
    // Step, lambda and sum are at most 2, and each is rounded.
    assertTrue(norm(norm, x, z) <= radius * (1 + 1e-14) + length * 0x1p-51, "outside the ball");
    for (int t = 0; t < 30; t++) {
      double[] w = feasible(random, norm, x, radius);
      double product = 0;
      for (int i = 0; i < length; i++) {
        assertTrue(z[i] >= 0 && z[i] <= 1, "outside the box");
        product += (y[i] - z[i]) * (w[i] - z[i]);
      }
      assertTrue(product <= 1e-12 * length, norm + ": " + product);
    }
  }

  /** A point of ball and box: clipping a point of the ball moves it towards x. */
  private static double[] feasible(SplittableRandom random, Norm norm, double[] x, double radius) {
    double[] w = x.clone();
    int only = random.nextInt(x.length);
    boolean corner = random.nextBoolean();
    for (int i = 0; i < w.length; i++) {
      w[i] += corner ? (i == only ? random.nextInt(-1, 2) : 0) : random.nextDouble(-1, 1);
    }
    double length = norm(norm, x, w);
    for (int i = 0; i < w.length; i++) {
      double d = length == 0 ? 0 : (w[i] - x[i]) * radius / length;
      w[i] = Math.min(1, Math.max(0, x[i] + d));
    }
    return w;
  }

  private static double norm(Norm norm, double[] x, double[] z) {
    double sum = 0;
    double max = 0;
    for (int i = 0; i < x.length; i++) {
      double d = Math.abs(z[i] - x[i]);
      sum += norm == Norm.L1 ? d : d * d;
      max = Math.max(max, d);
    }
    return switch (norm) {
      case L1 -> sum;
      case L2 -> Math.sqrt(sum);
      case LINF -> max;
    };
  }

  @Test
  void rowsAreIndependent() {
    Tensor z = f.empty(F64, 2, 2);
    f.plan(new ProjectionDesc(Norm.L2, F64, 5, 2, -INF, INF))
        .execute(f.ctx, f.f64(2, 0, 0, 1, 1), f.f64(2, 1, 10), f.f64(2, 3, 4, 4, 5), z);
    assertArrayEquals(new double[] {.6, .8, 4, 5}, z.toDoubles(), 1e-15);
    assertEquals(4, z.toDoubles()[2]);
  }
}
