package dev.blindspot.attacks.visualize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.visualize.VisualizationOptions.Optimizer;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Penalty, resampling, steps and parts of networks. */
class PartsTest {

  private static double[] random(int n, long seed) {
    return new SplittableRandom(seed).doubles(n).toArray();
  }

  @Test
  void totalVariationGradientFitsFiniteDifferences() {
    int h = 4;
    int w = 5;
    double[] x = random(2 * h * w, 1);
    double[] gradient = new double[x.length];
    Arrays.fill(gradient, 7);
    TotalVariation.addGradient(x, h, w, -3, gradient);
    double step = 1e-6;
    for (int i = 0; i < x.length; i++) {
      double keep = x[i];
      x[i] = keep + step;
      double up = TotalVariation.value(x, h, w);
      x[i] = keep - step;
      double down = TotalVariation.value(x, h, w);
      x[i] = keep;
      assertEquals(7 - 3 * (up - down) / (2 * step), gradient[i], 1e-8);
    }
  }

  @Test
  void totalVariationOfAnEdgeIsItsLength() {
    double[] x = new double[16];
    for (int i = 0; i < 16; i++) {
      x[i] = i % 4 < 2 ? 0 : 1;
    }
    // Four of 16 pixels have a neighbour on the right that differs by 1.
    assertEquals(0.25 * (Math.sqrt(1 + 1e-6) - 1e-3), TotalVariation.value(x, 4, 4), 1e-12);
    assertEquals(0, TotalVariation.value(new double[16], 4, 4), 1e-15);
  }

  @ParameterizedTest
  @CsvSource({"4,6,7,3", "5,5,5,5", "3,3,9,9", "7,1,4,1"})
  void resamplingKeepsConstantsAndItsTransposeIsAdjoint(int h, int w, int toHeight, int toWidth) {
    Resampling r = new Resampling(h, w, toHeight, toWidth);
    double[] ones = new double[2 * h * w];
    Arrays.fill(ones, 0.3);
    double[] constant = r.apply(ones);
    assertEquals(2 * toHeight * toWidth, constant.length);
    for (double v : constant) {
      assertEquals(0.3, v, 1e-15);
    }
    double[] x = random(2 * h * w, 2);
    double[] y = random(2 * toHeight * toWidth, 3);
    assertEquals(dot(r.apply(x), y), dot(x, r.transpose(y)), 1e-12);
    if (h == toHeight && w == toWidth) {
      assertArrayEquals(x, r.apply(x), 1e-15);
    }
  }

  @Test
  void resamplingToTwiceTheSizeInterpolates() {
    double[] y = new Resampling(1, 2, 1, 4).apply(new double[] {0, 1});
    assertArrayEquals(new double[] {0, 0.25, 0.75, 1}, y, 1e-15);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  @Test
  void normalizedStepHasItsRootMeanSquare() {
    VisualizationOptions o = VisualizationOptions.defaults().optimizer(Optimizer.NORMALIZED, 0.1);
    double[] step = new StepRule(o, 4).of(new double[] {3e-200, -4e-200, 0, 0});
    assertArrayEquals(new double[] {0.12, -0.16, 0, 0}, step, 1e-15);
    assertArrayEquals(new double[4], new StepRule(o, 4).of(new double[4]));
  }

  @Test
  void firstStepOfAdamIsTheSign() {
    VisualizationOptions o = VisualizationOptions.defaults().optimizer(Optimizer.ADAM, 0.1);
    StepRule rule = new StepRule(o, 3);
    assertArrayEquals(new double[] {0.1, -0.1, 0}, rule.of(new double[] {2, -5, 0}), 1e-8);
    // Second step of gradients g1, g2: both moments are known.
    double mean = (0.9 * 0.1 * 2 + 0.1 * 1) / (1 - 0.81);
    double square = (0.999 * 0.001 * 4 + 0.001 * 1) / (1 - 0.999 * 0.999);
    assertEquals(0.1 * mean / Math.sqrt(square), rule.of(new double[] {1, 0, 0})[0], 1e-8);
  }

  @Test
  void rollIsCyclicAndBackAgain() {
    Octave octave = new Octave(null, 2, 3, null);
    double[] x = {1, 2, 3, 4, 5, 6};
    assertArrayEquals(new double[] {6, 4, 5, 3, 1, 2}, octave.rolled(x, 1, 1));
    assertArrayEquals(x, octave.rolled(octave.rolled(x, -1, 2), 1, -2));
  }

  @Test
  void partOfANetworkHoldsWhatTheLayerReads() {
    Network net =
        Network.builder("net", Shape.of(1, 8, 8))
            .add("conv1", Conv2d.of(2, 3, 1, 1))
            .add("relu1", ActivationLayer.relu())
            .add("branch", Conv2d.of(2, 1, 1, 0), "conv1")
            .add("add", new Add(), "relu1", "branch")
            .add("flatten", new Flatten())
            .add("dense", Linear.of(3))
            .build();
    Network part = Subnetwork.upTo(net, "branch");
    assertEquals(
        List.of("conv1", "branch"), part.nodes().stream().map(Network.Node::name).toList());
    Shape small = Shape.of(1, 5, 6);
    assertEquals(Shape.of(2, 5, 6), Subnetwork.upTo(net, "add", small).orElseThrow().outputShape());
    assertFalse(Subnetwork.upTo(net, "dense", small).isPresent(), "needs other weights");
    assertTrue(Subnetwork.upTo(net, "dense", Shape.of(1, 8, 8)).isPresent());
    assertFalse(Subnetwork.upTo(net, "conv1", Shape.of(3, 8, 8)).isPresent());
  }
}
