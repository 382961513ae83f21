package dev.blindspot.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.layers.Linear;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class InitializerTest {
  /** 40 filters of fan-in 25 * 9 = 225 and fan-out 40 * 9 = 360: 9000 values. */
  private static final Shape FILTERS = Shape.of(40, 25, 3, 3);

  private static final Shape MATRIX = Shape.of(100, 90);

  private static double[] draw(Initializer i, Shape s) {
    return i.draw(s, new SplittableRandom(4));
  }

  private static double moment(double[] v, int power) {
    return Arrays.stream(v).map(x -> Math.pow(x, power)).average().orElseThrow();
  }

  /** Within five standard errors of the moments of a normal distribution. */
  @Test
  void heIsNormalWithVarianceTwoByFanIn() {
    for (Shape s : new Shape[] {FILTERS, MATRIX}) {
      double[] v = draw(Initializer.he(), s);
      double variance = 2.0 / s.rowLength();
      double n = v.length;
      assertEquals(0, moment(v, 1), 5 * Math.sqrt(variance / n));
      assertEquals(variance, moment(v, 2), 5 * variance * Math.sqrt(2 / n));
      assertEquals(
          3 * variance * variance, moment(v, 4), 5 * variance * variance * Math.sqrt(96 / n));
    }
  }

  @Test
  void glorotIsUniformInItsRange() {
    double[] fans = {225 + 360, 90 + 100};
    Shape[] shapes = {FILTERS, MATRIX};
    for (int i = 0; i < 2; i++) {
      double[] v = draw(Initializer.glorot(4), shapes[i]);
      double range = 4 * Math.sqrt(6 / fans[i]);
      double n = v.length;
      double largest = Arrays.stream(v).map(Math::abs).max().orElseThrow();
      assertTrue(largest <= range && largest > 0.995 * range, largest + " of " + range);
      assertEquals(0, moment(v, 1), 5 * range * Math.sqrt(1 / (3 * n)));
      assertEquals(range * range / 3, moment(v, 2), 5 * range * range * Math.sqrt(4 / (45 * n)));
    }
  }

  @Test
  void constantIsConstant() {
    assertArrayEquals(new double[] {3, 3}, draw(Initializer.constant(3), Shape.of(2)));
  }

  @Test
  void equalInitialisersCompareEqual() {
    assertEquals(Initializer.glorot(2), Initializer.glorot(2));
    assertFalse(Initializer.glorot(2).equals(Initializer.glorot(1)));
    assertEquals(Linear.of(3), Linear.of(3));
  }

  /** The seed and the parameter's name decide its values, not its place in the network. */
  @Test
  void seedAndNameDecideTheValues() {
    Network one = Network.builder("one", Shape.of(4)).add("a", Linear.of(4)).build();
    Network two =
        Network.builder("two", Shape.of(4)).add("z", Linear.of(4)).add("a", Linear.of(4)).build();
    Parameters.Key a = new Parameters.Key("a", "w");
    try (Backend reference = Backends.create("reference");
        Parameters p = Parameters.initialize(one, reference, ElementType.F64, 1);
        Parameters q = Parameters.initialize(two, reference, ElementType.F64, 1);
        Parameters r = Parameters.initialize(one, reference, ElementType.F64, 2)) {
      assertArrayEquals(p.values(a), q.values(a));
      assertFalse(Arrays.equals(p.values(a), r.values(a)));
      assertFalse(Arrays.equals(q.values(a), q.values(new Parameters.Key("z", "w"))));
    }
  }
}
