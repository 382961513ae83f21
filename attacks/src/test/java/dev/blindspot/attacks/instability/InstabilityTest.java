package dev.blindspot.attacks.instability;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.Nets;
import dev.blindspot.attacks.bounds.NetworkBound;
import dev.blindspot.attacks.bounds.NetworkBounds;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Linear;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Growth in closed form, and under its bound for random networks. */
class InstabilityTest {
  private static final double U = 0x1p-24;

  private static InstabilityResult measure(
      Network net, Parameters p, float[] clean, float[] changed, long seed) {
    NetworkBound bound = NetworkBounds.of(net, p, BoundsOptions.defaults().threads(1).work(1e6));
    int n = (int) (clean.length / net.inputShape().size());
    return Instability.measure(
        net,
        p,
        Nets.BACKEND,
        bound,
        clean,
        changed,
        IntStream.range(0, n).toArray(),
        seed,
        done -> {});
  }

  @Test
  void growthOfOneLinearLayerIsTheNormOfItsImage() {
    Network net = Nets.chain(Shape.of(3), Linear.of(2));
    try (Parameters p = Nets.parameters(net, 1)) {
      Nets.set(p, "linear1", "w", 1, 2, 0, 0, -1, 3);
      Nets.set(p, "linear1", "b", 5, -5);
      // r = (1, 0, 0) has image (1, 0); r = (0, 1, 2) has image (2, 5).
      InstabilityResult r = measure(net, p, new float[6], new float[] {1, 0, 0, 0, 1, 2}, 1);
      assertEquals(2, r.samples());
      double first = 1;
      double second = Math.sqrt(29 / 5.0);
      Growth g = r.layers().get(0).adversarial();
      assertEquals((first + second) / 2, g.soFar().mean(), 1e-15);
      assertEquals((first + second) / 2, g.soFar().median(), 1e-15);
      assertEquals(second, g.soFar().max(), 1e-15);
      assertEquals(g.soFar(), g.step());
      assertEquals((1 + Math.sqrt(5)) / 2, r.norms().mean(), 1e-15);
    }
  }

  @Test
  void stepsOfScalingsMultiplyToTheGrowthForEveryPerturbation() {
    Network net = Nets.chain(Shape.of(2), Linear.of(2), ActivationLayer.relu(), Linear.of(2));
    try (Parameters p = Nets.parameters(net, 1)) {
      Nets.set(p, "linear1", "w", 2, 0, 0, 2);
      Nets.set(p, "linear1", "b", 9, 9);
      Nets.set(p, "linear2", "w", 0, 3, 3, 0);
      InstabilityResult r =
          measure(net, p, new float[] {1, 1, 1, 1}, new float[] {1.5f, 1, 0.5f, 2}, 4);
      double[] soFar = {2, 2, 6};
      double[] steps = {2, 1, 3};
      for (int row = 0; row < 3; row++) {
        LayerInstability layer = r.layers().get(row);
        assertEquals(
            new Statistics(soFar[row], soFar[row], soFar[row]), layer.adversarial().soFar());
        assertEquals(
            new Statistics(steps[row], steps[row], steps[row]), layer.adversarial().step());
        assertEquals(soFar[row], layer.noise().soFar().max(), 1e-5);
        assertEquals(soFar[row], layer.product(), 1e-6);
      }
    }
  }

  @Test
  void perturbationThatARectifierSwallowsHasNoFurtherStep() {
    Network net = Nets.chain(Shape.of(1), ActivationLayer.relu(), Linear.of(1));
    try (Parameters p = Nets.parameters(net, 1)) {
      Nets.set(p, "linear1", "w", 4);
      InstabilityResult r = measure(net, p, new float[] {-3, 3}, new float[] {-2, 2}, 1);
      Growth relu = r.layers().get(0).adversarial();
      assertEquals(new Statistics(0.5, 0.5, 1), relu.soFar());
      Growth linear = r.layers().get(1).adversarial();
      assertEquals(new Statistics(2, 2, 4), linear.soFar());
      assertEquals(new Statistics(4, 4, 4), linear.step());
    }
  }

  /**
   * Each activation is within gamma_n of sums of n terms, 200 at most here, in each of up to 8
   * rows.
   */
  @Property(tries = 60)
  void growthIsAtMostTheProductOfTheBoundsSoFar(
      @ForAll @IntRange(max = 4) int which,
      @ForAll long seed,
      @ForAll @DoubleRange(min = 0.01, max = 3) double radius) {
    Network net = Nets.networks().get(which);
    Random random = new Random(seed);
    int size = (int) net.inputShape().size();
    float[] clean = new float[4 * size];
    float[] changed = new float[4 * size];
    for (int i = 0; i < clean.length; i++) {
      clean[i] = random.nextFloat();
      changed[i] = (float) (clean[i] + radius * random.nextGaussian() / Math.sqrt(size));
    }
    try (Parameters p = Nets.parameters(net, seed)) {
      InstabilityResult r = measure(net, p, clean, changed, seed);
      double rounding = 1 + 8 * 200 * U * (1 + Math.sqrt(size) / radius);
      double product = 1;
      for (LayerInstability layer : r.layers()) {
        product *= layer.bound().upper();
        assertEquals(product, layer.product(), 1e-12 * product);
        for (Growth g : new Growth[] {layer.adversarial(), layer.noise()}) {
          assertTrue(g.soFar().max() <= layer.product() * rounding, layer + " of " + r.norms());
          assertTrue(g.step().max() <= layer.bound().upper() * (rounding + 1e-3), "" + layer);
          assertTrue(g.soFar().median() <= g.soFar().max(), "" + g);
          assertTrue(g.soFar().mean() <= g.soFar().max() * (1 + 1e-15), "" + g);
        }
      }
    }
  }

  @Test
  void equalSeedGivesEqualBitsAndAnotherSeedOtherNoise() {
    Network net = Nets.networks().get(2);
    float[] clean = new float[3 * 64];
    float[] changed = new float[3 * 64];
    Arrays.fill(changed, 0.25f);
    try (Parameters p = Nets.parameters(net, 3)) {
      InstabilityResult first = measure(net, p, clean, changed, 7);
      assertEquals(first, measure(net, p, clean, changed, 7));
      InstabilityResult other = measure(net, p, clean, changed, 8);
      assertEquals(first.layers().get(0).adversarial(), other.layers().get(0).adversarial());
      assertFalse(first.layers().get(0).noise().equals(other.layers().get(0).noise()));
    }
  }

  @Test
  void manySamplesAreMeasuredInBatches() {
    Network net = Nets.chain(Shape.of(2), Linear.of(2));
    float[] clean = new float[2 * 150];
    float[] changed = new float[2 * 150];
    for (int i = 0; i < 150; i++) {
      changed[2 * i] = i + 1;
    }
    try (Parameters p = Nets.parameters(net, 1)) {
      Nets.set(p, "linear1", "w", 0, 0, 7, 0);
      InstabilityResult r = measure(net, p, clean, changed, 1);
      assertEquals(new Statistics(7, 7, 7), r.layers().get(0).adversarial().soFar());
      assertEquals(new Statistics(75.5, 75.5, 150), r.norms());
    }
  }

  @Test
  void noiseHasTheNormAskedForAndFollowsFromItsKey() {
    float[] x = new float[3 * 50];
    double[] norms = {0.5, 2, 3};
    float[] y = NoiseOfNorm.add(x, norms, new int[] {4, 9, 4}, 11);
    for (int i = 0; i < 3; i++) {
      double squares = 0;
      for (int k = 0; k < 50; k++) {
        squares += (double) y[i * 50 + k] * y[i * 50 + k];
      }
      assertEquals(norms[i], Math.sqrt(squares), 1e-6);
    }
    float[] alone = NoiseOfNorm.add(new float[50], new double[] {3}, new int[] {4}, 11);
    assertArrayEquals(Arrays.copyOfRange(y, 100, 150), alone);
    assertEquals(y[0] * 6, y[100], 1e-5, "one key, one direction");
  }

  private static void refused(String word, Runnable run) {
    String message = assertThrows(InvalidInputException.class, run::run).getMessage();
    assertTrue(message.contains(word), message);
  }

  @Test
  void badInputIsRefused() {
    Network net = Nets.chain(Shape.of(2), Linear.of(2));
    Network two = Nets.chain(Shape.of(2), Linear.of(2), ActivationLayer.relu());
    try (Parameters p = Nets.parameters(net, 1);
        Parameters wide = Parameters.initialize(net, Nets.BACKEND, ElementType.F64, 1)) {
      float[] one = {1, 1};
      refused("no sample", () -> measure(net, p, new float[0], new float[0], 1));
      refused("sample 0 is zero", () -> measure(net, p, one, one, 1));
      refused("4 changed", () -> measure(net, p, one, new float[4], 1));
      refused("F32", () -> measure(net, wide, one, new float[2], 1));
      refused("layer input", () -> measure(net, p, one, new float[] {Float.NaN, 0}, 1));
      NetworkBound bound = NetworkBounds.of(net, p, BoundsOptions.defaults());
      refused(
          "1 rows",
          () ->
              Instability.measure(
                  two, p, Nets.BACKEND, bound, one, new float[2], new int[1], 1, i -> {}));
      Nets.set(p, "linear1", "w", Double.NaN, 0, 0, 0);
      refused("layer linear1", () -> measure(net, p, one, new float[2], 1));
    }
  }
}
