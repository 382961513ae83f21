package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.ContrastNorm;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Softmax;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Constants of pools, activations, normalisations and softmax. */
class NonlinearLayerTest {
  private static final BoundsOptions OPTIONS = BoundsOptions.defaults().threads(1);

  @Test
  void maxPoolCountsTheWindowsOfAPixel() {
    assertEquals(2, max(13, 3, 2, 0).upper());
    assertEquals(3, max(13, 3, 1, 0).upper());
    assertEquals(1, max(12, 2, 2, 0).upper());
    assertEquals(1, max(12, 4, 4, 0).upper());
    assertEquals(1, max(3, 3, 1, 0).upper(), "one window in all");
    assertEquals(2, max(4, 3, 1, 0).upper(), "two windows in each direction");
  }

  @Test
  void aHotPixelAttainsTheMaxPoolConstant() {
    int[][] cases = {{9, 3, 2, 0}, {9, 3, 1, 0}, {8, 2, 2, 0}, {7, 3, 2, 1}, {4, 3, 1, 1}};
    for (int[] c : cases) {
      Network net =
          Nets.chain(
              Shape.of(1, c[0], c[0]),
              new Pool2d(Pooling.MAX, c[1], c[1], c[2], c[2], c[3], c[3], c[3], c[3]));
      try (Parameters p = Nets.parameters(net, 1)) {
        ErrorAnalysis analysis = new ErrorAnalysis(net, p, new double[] {1, 1}, 1);
        double best = 0;
        for (int pixel = 0; pixel < c[0] * c[0]; pixel++) {
          double[] x = new double[c[0] * c[0]];
          x[pixel] = 1;
          double[] y = analysis.run(x, 0)[1].value();
          best = Math.max(best, Math.sqrt(ErrorAnalysis.sumOfSquares(y)));
        }
        LayerBound b = max(c[0], c[1], c[2], c[3]);
        assertEquals(best, b.upper(), 1e-15 * best);
        assertTrue(b.upper() >= best);
      }
    }
  }

  @Test
  void averagePoolIsALinearMap() {
    LayerBound disjoint =
        PoolBounds.of(
            "p", Pool2dDesc.of(Pooling.AVERAGE_INCLUDE_PAD, ElementType.F64, 1, 2, 8, 8, 2, 2));
    assertEquals(0.5, disjoint.upper(), 1e-7);
    assertEquals(0.5, disjoint.lower(), 1e-9);
    LayerBound wide =
        PoolBounds.of(
            "p", Pool2dDesc.of(Pooling.AVERAGE_INCLUDE_PAD, ElementType.F64, 1, 1, 41, 41, 3, 2));
    assertTrue(wide.upper() <= 5.0 / 9 && wide.lower() > 0.55, wide.toString());
    Pool2dDesc padded =
        Pool2dDesc.of(Pooling.AVERAGE_EXCLUDE_PAD, ElementType.F64, 1, 1, 5, 5, 3, 1).pad(1);
    double exact = Svd.largest(excludePad(5), 25, 25);
    LayerBound b = PoolBounds.of("p", padded);
    assertTrue(b.lower() <= exact * (1 + 1e-13) && b.upper() >= exact * (1 - 1e-13), "" + b);
    assertEquals(exact, b.upper(), 1e-6);
  }

  private static double[] excludePad(int n) {
    double[] a = new double[n * n * n * n];
    for (int y = 0; y < n * n; y++) {
      for (int x = 0; x < n * n; x++) {
        boolean in = Math.abs(y / n - x / n) <= 1 && Math.abs(y % n - x % n) <= 1;
        int rows = y / n == 0 || y / n == n - 1 ? 2 : 3;
        int cols = y % n == 0 || y % n == n - 1 ? 2 : 3;
        a[y * n * n + x] = in ? 1.0 / (rows * cols) : 0;
      }
    }
    return a;
  }

  @Test
  void activations() {
    assertEquals(1, bound(ActivationLayer.relu()).upper());
    assertEquals(1, bound(ActivationLayer.tanh()).upper());
    assertEquals(0.25, bound(ActivationLayer.sigmoid()).upper());
    assertEquals(1, bound(new ActivationLayer(Activation.LEAKY_RELU, 0.1)).upper());
    assertEquals(3, bound(new ActivationLayer(Activation.LEAKY_RELU, -3)).upper());
    assertFalse(bound(new ActivationLayer(Activation.LEAKY_RELU, Double.NaN)).certified());
    assertEquals(1, bound(new Flatten()).upper());
    assertEquals(0.5, bound(new Softmax(false)).upper());
    assertEquals(2, bound(new Softmax(true)).upper(), 1e-12);
  }

  @Test
  void contrastNormIsSteepestAtZero() {
    SplittableRandom random = new SplittableRandom(3);
    for (double gamma : new double[] {0.25, 0.5, 1, 2, 5}) {
      double epsilon = 0.3;
      LayerBound b = bound(new ContrastNorm(epsilon, gamma));
      assertEquals(Math.pow(epsilon, -gamma), b.upper(), 1e-9 * b.upper());
      for (int t = 0; t < 500; t++) {
        double[] x = scaled(RandomConvTest.gaussian(4, random), Math.pow(10, -3 + t % 6));
        double[] z = x.clone();
        for (int i = 0; i < 4; i++) {
          z[i] += 1e-5 * random.nextGaussian() * (Math.abs(x[i]) + 1e-3);
        }
        double ratio =
            distance(contrast(x, epsilon, gamma), contrast(z, epsilon, gamma)) / distance(x, z);
        assertTrue(ratio <= b.upper() * (1 + 1e-6), gamma + ": " + ratio + " over " + b);
      }
    }
  }

  private static double[] contrast(double[] x, double epsilon, double gamma) {
    double s = Math.pow(epsilon + ErrorAnalysis.sumOfSquares(x), -gamma);
    return scaled(x, s);
  }

  @Test
  void localResponseNormStaysUnderItsBound() {
    LocalResponseNorm norm = new LocalResponseNorm(3, 2, 0.75, 2);
    LayerBound b = bound(norm);
    assertTrue(b.lower() <= Math.pow(2, -0.75) && b.upper() > b.lower());
    SplittableRandom random = new SplittableRandom(4);
    for (int t = 0; t < 2000; t++) {
      double[] x = scaled(RandomConvTest.gaussian(4, random), Math.pow(10, -2 + t % 4));
      double[] z = x.clone();
      for (int i = 0; i < 4; i++) {
        z[i] += 1e-4 * random.nextGaussian();
      }
      double ratio = distance(lrn(x, norm), lrn(z, norm)) / distance(x, z);
      assertTrue(ratio <= b.upper() * (1 + 1e-6), ratio + " over " + b);
    }
    assertFalse(bound(new LocalResponseNorm(3, 1, 1.5, 1)).certified());
  }

  private static double[] lrn(double[] x, LocalResponseNorm norm) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double sum = 0;
      for (int j = Math.max(0, i - 1); j <= Math.min(x.length - 1, i + 1); j++) {
        sum += x[j] * x[j];
      }
      y[i] = x[i] * Math.pow(norm.bias() + norm.alpha() / norm.size() * sum, -norm.beta());
    }
    return y;
  }

  private static double[] scaled(double[] x, double f) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = f * x[i];
    }
    return y;
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  private static LayerBound max(int size, int window, int stride, int pad) {
    return PoolBounds.of(
        "pool",
        Pool2dDesc.of(Pooling.MAX, ElementType.F64, 1, 2, size, size, window, stride).pad(pad));
  }

  private static LayerBound bound(Layer layer) {
    Network net = Nets.chain(Shape.of(4, 1, 1), layer);
    try (Parameters p = Nets.parameters(net, 1)) {
      return LayerBounds.of(net.nodes().get(0), p, OPTIONS);
    }
  }
}
