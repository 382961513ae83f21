package dev.blindspot.engine.reference;

import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.primitives.LbfgsPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReferenceLbfgsTest {
  private static final int LENGTH = 6;
  private static final int MEMORY = 3;
  private final Fixture f = new Fixture();
  private final LbfgsPlan plan = f.plan(new LbfgsDesc(F64, 2, LENGTH, MEMORY));

  private LbfgsHistory history(int n) {
    return new LbfgsHistory(
        f.f64(n, new double[n * MEMORY * LENGTH]),
        f.f64(n, new double[n * MEMORY * LENGTH]),
        f.i32(n, new int[n]));
  }

  private double[] direction(double[] g, int[] free, LbfgsHistory h) {
    Tensor d = f.f64(1, g);
    plan.direction(f.ctx, d, free == null ? null : f.u8(1, free), h, d);
    return d.toDoubles();
  }

  /** H after BFGS updates of gamma I with the pairs, oldest first (Nocedal, Wright 7.16). */
  private static double[] dense(List<double[][]> pairs, double[] g) {
    int n = g.length;
    double[][] h = new double[n][n];
    double[][] newest = pairs.get(pairs.size() - 1);
    for (int i = 0; i < n; i++) {
      h[i][i] = dot(newest[0], newest[1]) / dot(newest[1], newest[1]);
    }
    for (double[][] pair : pairs) {
      double rho = 1 / dot(pair[0], pair[1]);
      double[][] v = new double[n][n];
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          v[i][j] = (i == j ? 1 : 0) - rho * pair[1][i] * pair[0][j];
        }
      }
      double[][] next = new double[n][n];
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          next[i][j] = rho * pair[0][i] * pair[0][j];
          for (int a = 0; a < n; a++) {
            for (int b = 0; b < n; b++) {
              next[i][j] += v[a][i] * h[a][b] * v[b][j];
            }
          }
        }
      }
      h = next;
    }
    double[] d = new double[n];
    for (int i = 0; i < n; i++) {
      d[i] = -dot(h[i], g);
    }
    return d;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /** Pairs of a quadratic with Hessian diag(1..n). */
  private static double[][] pair(SplittableRandom random) {
    double[] s = random.doubles(LENGTH, -1, 1).toArray();
    double[] y = new double[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      y[i] = (i + 1) * s[i];
    }
    return new double[][] {s, y};
  }

  @Test
  void agreesWithTheDenseMatrixThroughTheRing() {
    SplittableRandom random = new SplittableRandom(1);
    LbfgsHistory h = history(1);
    List<double[][]> kept = new ArrayList<>();
    double[] g = random.doubles(LENGTH, -1, 1).toArray();
    for (int k = 0; k < 7; k++) {
      double[][] p = pair(random);
      plan.update(f.ctx, null, f.f64(1, p[0]), f.f64(1, p[1]), h);
      kept.add(p);
      if (kept.size() > MEMORY) {
        kept.remove(0);
      }
      assertArrayEquals(dense(kept, g), direction(g, null, h), 1e-13);
      // The secant equation: H y = s.
      double[] d = direction(p[1], null, h);
      for (int i = 0; i < LENGTH; i++) {
        assertEquals(-p[0][i], d[i], 1e-13);
      }
    }
  }

  @Test
  void fixedUnknownsDoNotExist() {
    SplittableRandom random = new SplittableRandom(2);
    LbfgsHistory h = history(1);
    List<double[][]> small = new ArrayList<>();
    for (int k = 0; k < MEMORY; k++) {
      double[][] p = pair(random);
      plan.update(f.ctx, null, f.f64(1, p[0]), f.f64(1, p[1]), h);
      small.add(new double[][] {{p[0][1], p[0][2], p[0][5]}, {p[1][1], p[1][2], p[1][5]}});
    }
    double[] g = random.doubles(LENGTH, -1, 1).toArray();
    double[] want = dense(small, new double[] {g[1], g[2], g[5]});
    double[] got = direction(g, new int[] {0, 1, 1, 0, 0, 1}, h);
    assertArrayEquals(new double[] {0, want[0], want[1], 0, 0, want[2]}, got, 1e-13);
  }

  @Test
  void withoutHistoryItIsSteepestDescent() {
    double[] g = {1, -2, 3, 0, 5, 6};
    assertArrayEquals(new double[] {-1, 2, -3, 0, -5, -6}, direction(g, null, history(1)), 0);
  }

  @Test
  void storesOnlyAcceptedRowsOfUsableCurvature() {
    LbfgsHistory h = history(2);
    double[] up = {1, 0, 0, 0, 0, 0};
    double[] both = new double[2 * LENGTH];
    both[0] = 1;
    both[LENGTH] = 1;
    plan.update(f.ctx, f.u8(2, 0, 1), f.f64(2, both), f.f64(2, both), h);
    assertArrayEquals(new int[] {0, 1}, h.count().toInts());
    LbfgsHistory one = history(1);
    plan.update(f.ctx, null, f.f64(1, up), f.f64(1, -1, 0, 0, 0, 0, 0), one);
    plan.update(f.ctx, null, f.f64(1, up), f.f64(1, 0, 1, 0, 0, 0, 0), one);
    plan.update(f.ctx, null, f.f64(1, up), f.f64(1, Double.NaN, 1, 0, 0, 0, 0), one);
    plan.update(f.ctx, null, f.f64(1, new double[LENGTH]), f.f64(1, new double[LENGTH]), one);
    assertArrayEquals(new int[] {0}, one.count().toInts());
    assertEquals(I32, one.count().type());
  }
}
