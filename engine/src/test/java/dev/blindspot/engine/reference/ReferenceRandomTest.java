package dev.blindspot.engine.reference;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Distribution;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ReferenceRandomTest {
  private final Fixture f = new Fixture();

  private double[] draw(ElementType type, Distribution d, double a, double b, RandomKey key) {
    Tensor y = f.empty(type, 4, 50_001);
    f.plan(new RandomDesc(d, type, 4, 50_001, a, b)).execute(f.ctx, key, y);
    if (type == F64) {
      return y.toDoubles();
    }
    float[] v = y.toFloats();
    double[] wide = new double[v.length];
    Arrays.setAll(wide, i -> v[i]);
    return wide;
  }

  /** The known answers published with Random123. */
  @Test
  void philoxGivesThePublishedAnswers() {
    int[] out = new int[4];
    Philox.block(0, 0, 0, 0, 0, 0, out);
    assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, out);
    Philox.block(-1, -1, -1, -1, -1, -1, out);
    assertArrayEquals(new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, out);
    Philox.block(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, out);
    assertArrayEquals(new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}, out);
  }

  @Test
  void quantilesOfTheNormalDistribution() {
    // Wichura's own check values, and the symmetric ones.
    assertEquals(-0.6744897501960817, NormalQuantile.of(0.25), 1e-16);
    assertEquals(-3.090232306167814, NormalQuantile.of(0.001), 1e-15);
    assertEquals(-9.262340089798408, NormalQuantile.of(1e-20), 1e-14);
    assertEquals(0, NormalQuantile.of(0.5));
    assertEquals(1.959963984540054, NormalQuantile.of(0.975), 1e-15);
  }

  @Test
  void ownLogarithmIsAccurate() {
    for (double x = 1; x > 0x1p-60; x *= 0.97) {
      assertEquals(Math.log(x), NormalQuantile.log(x), 4 * Math.ulp(Math.log(x)));
    }
  }

  @Test
  void uniformMoments() {
    for (ElementType type : new ElementType[] {F32, F64}) {
      double[] u = draw(type, Distribution.UNIFORM, -2, 4, RandomKey.of(7, 1));
      double mean = Arrays.stream(u).average().orElseThrow();
      double square = Arrays.stream(u).map(v -> (v - 1) * (v - 1)).average().orElseThrow();
      // Six standard errors of 200,004 draws: deviation sqrt(3), that of the square 2.69.
      assertEquals(1, mean, 6 * Math.sqrt(3) / Math.sqrt(u.length));
      assertEquals(3, square, 6 * 2.69 / Math.sqrt(u.length));
      assertTrue(Arrays.stream(u).allMatch(v -> v >= -2 && v < 4));
    }
  }

  @Test
  void normalMomentsAndTails() {
    for (ElementType type : new ElementType[] {F32, F64}) {
      double[] z = draw(type, Distribution.NORMAL, 0, 1, RandomKey.of(7, 2));
      double n = z.length;
      assertEquals(0, Arrays.stream(z).average().orElseThrow(), 6 / Math.sqrt(n));
      assertEquals(1, Arrays.stream(z).map(v -> v * v).sum() / n, 6 * Math.sqrt(2 / n));
      assertEquals(3, Arrays.stream(z).map(v -> v * v * v * v).sum() / n, 6 * Math.sqrt(96 / n));
      double beyond = Arrays.stream(z).filter(v -> v > 1.6448536269514722).count() / n;
      assertEquals(0.05, beyond, 6 * Math.sqrt(.05 * .95 / n));
    }
  }

  @Test
  void neverReachesTheUpperEnd() {
    double[] u = draw(F32, Distribution.UNIFORM, 1, 1 + 0x1p-22, RandomKey.of(1, 0));
    assertTrue(Arrays.stream(u).allMatch(v -> v >= 1 && v < 1 + 0x1p-22));
    assertEquals(2.5, draw(F32, Distribution.UNIFORM, 2.5, 2.5, RandomKey.of(1, 0))[0]);
  }

  @Test
  void keyedBySampleAndStepNeverByPosition() {
    var plan = f.plan(new RandomDesc(Distribution.NORMAL, F64, 3, 7, 0, 1));
    Tensor all = f.empty(F64, 3, 7);
    plan.execute(f.ctx, RandomKey.of(5, 9), all);
    Tensor picked = f.empty(F64, 2, 7);
    plan.execute(f.ctx, new RandomKey(5, 9, f.i32(2, 2, 0), f.i32(1, 0)), picked);
    double[] a = all.toDoubles();
    double[] b = picked.toDoubles();
    assertArrayEquals(Arrays.copyOfRange(a, 14, 21), Arrays.copyOfRange(b, 0, 7));
    assertArrayEquals(Arrays.copyOfRange(a, 0, 7), Arrays.copyOfRange(b, 7, 14));
    plan.execute(f.ctx, new RandomKey(5, 9, null, f.i32(1, 1)), all);
    assertFalse(Arrays.equals(a, all.toDoubles()));
  }

  @Test
  void refusesParametersThatMeanNothing() {
    assertThrows(
        InvalidInputException.class, () -> new RandomDesc(Distribution.UNIFORM, F32, 1, 1, 1, 0));
    assertThrows(
        InvalidInputException.class, () -> new RandomDesc(Distribution.NORMAL, F32, 1, 1, 0, -1));
    assertThrows(
        InvalidInputException.class,
        () -> new RandomDesc(Distribution.UNIFORM, F32, 1, 1, -1e308, 1e308));
  }
}
