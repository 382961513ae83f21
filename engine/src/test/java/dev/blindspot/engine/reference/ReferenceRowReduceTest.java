package dev.blindspot.engine.reference;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ReferenceRowReduceTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;
  private final Fixture f = new Fixture();

  private double[] run(Reduction r, long n, double[] a, double[] b) {
    Tensor y = f.empty(F64, n);
    f.plan(new RowReduceDesc(r, F64, n, a.length / n))
        .execute(f.ctx, f.f64(n, a), b == null ? null : f.f64(n, b), y);
    return y.toDoubles();
  }

  @Test
  void everyReductionByHand() {
    double[] a = {3, -4, 0, 1, NAN, 2, 0, -INF, 5};
    assertArrayEquals(new double[] {-1, NAN, -INF}, run(Reduction.SUM, 3, a, null));
    assertArrayEquals(new double[] {7, NAN, INF}, run(Reduction.L1, 3, a, null));
    assertArrayEquals(new double[] {5, NAN, INF}, run(Reduction.L2, 3, a, null));
    assertArrayEquals(new double[] {25, NAN, INF}, run(Reduction.SQUARED_L2, 3, a, null));
    assertArrayEquals(new double[] {4, NAN, INF}, run(Reduction.LINF, 3, a, null));
    assertArrayEquals(new double[] {3, NAN, 5}, run(Reduction.MAX, 3, a, null));
    assertArrayEquals(new double[] {-4, NAN, -INF}, run(Reduction.MIN, 3, a, null));
    assertArrayEquals(new double[] {2, NAN, 2}, run(Reduction.L0, 3, a, null));
    assertArrayEquals(
        new double[] {11, NAN, NAN},
        run(Reduction.DOT, 3, a, new double[] {1, -2, 9, 1, 1, 1, 1, 0, 1}));
  }

  @Test
  void sumsAreCompensated() {
    double[] a = new double[1001];
    Arrays.fill(a, 1e-16);
    a[0] = 1;
    assertEquals(1 + 1e-13, run(Reduction.SUM, 1, a, null)[0], 1e-16);
    assertEquals(2, run(Reduction.SUM, 1, new double[] {1, 1e100, 1, -1e100}, null)[0]);
  }

  @Test
  void squaresOfFloatsDoNotOverflow() {
    Tensor y = f.empty(F32, 1);
    f.plan(new RowReduceDesc(Reduction.L2, F32, 1, 2))
        .execute(f.ctx, f.f32(1, 3e30f, 4e30f), null, y);
    assertEquals(5e30f, y.toFloats()[0], 1e24f);
  }

  @Test
  void argmaxTakesTheFirstOfEqualsAndTheFirstNan() {
    Tensor index = f.empty(I32, 4);
    f.plan(new ArgmaxDesc(F64, 4, 3))
        .execute(f.ctx, f.f64(4, 1, 7, 7, -3, -3, -9, 5, NAN, NAN, -INF, -INF, -INF), index);
    assertArrayEquals(new int[] {1, 0, 1, 0}, index.toInts());
  }
}
