package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Every guaranteed bound against the exact norm of the operator's matrix. */
class RandomConvTest {
  /** Relative error of the Jacobi oracle. */
  private static final double ORACLE = 1e-13;

  @Test
  void bracketsHoldFor500RandomConvolutions() {
    SplittableRandom random = new SplittableRandom(17);
    BoundsOptions options = BoundsOptions.defaults().threads(1).work(2e6);
    for (int t = 0; t < 500; t++) {
      ConvGeometry g = draw(random);
      double[] w = gaussian(g.weights(), random);
      ConvOperator operator = new ConvOperator(g, w);
      double exact = Svd.largest(operator.toDense(), operator.outputs(), operator.inputs());
      double below = exact * (1 - ORACLE);
      String where = t + ": " + g;
      assertTrue(max(g, w, k -> symbol(k, random)) >= below, "symbol " + where);
      assertTrue(max(g, w, k -> KernelGramBound.upper(k, 1e5)) >= below, "kernel gram " + where);
      assertTrue(max(g, w, k -> ReshapeBound.upper(k, 1e7)) >= below, "reshapes " + where);
      assertTrue(max(g, w, KernelGramBound::schur) >= below, "schur " + where);
      assertTrue(operator.schur() >= below, "schur of the operator " + where);
      double lower = Lanczos.lower(operator, 1e6);
      assertTrue(lower <= exact * (1 + ORACLE), "lower " + lower + " > " + exact + " " + where);
      LayerBound b = ConvBounds.of("conv", "Conv2d", g, w, options);
      assertTrue(b.lower() <= exact * (1 + ORACLE) && b.upper() >= below, b + " " + where);
    }
  }

  @Test
  void theSymbolIsWithinItsCosineFactorOfALargeImage() {
    SplittableRandom random = new SplittableRandom(4);
    for (int stride = 1; stride <= 3; stride++) {
      ConvGeometry g = ConvGeometry.square(2, 30, 3, 3, stride, 1, 1, 1);
      double[] w = gaussian(g.weights(), random);
      double lower = Lanczos.lower(new ConvOperator(g, w), 1e8);
      PolyphaseKernel k = PolyphaseKernel.of(g, w, 0);
      double upper = new SymbolBound(k, 64, 64).upper(1);
      assertTrue(lower <= upper && upper <= 1.05 * lower, stride + ": " + lower + " " + upper);
    }
  }

  @Test
  void threadsDoNotChangeABit() {
    SplittableRandom random = new SplittableRandom(5);
    ConvGeometry g = ConvGeometry.square(6, 9, 8, 3, 1, 1, 1, 1);
    PolyphaseKernel k = PolyphaseKernel.of(g, gaussian(g.weights(), random), 0);
    double one = new SymbolBound(k, 24, 24).upper(1);
    assertTrue(one == new SymbolBound(k, 24, 24).upper(3));
  }

  @Test
  void zeroPaddingExceedsTheCircularNormForSomeSeeds() {
    int exceeded = 0;
    for (int seed = 0; seed < 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int n = 3 + seed % 4;
      ConvGeometry g = ConvGeometry.square(1, n, 1, 3, 1, 1, 1, 1);
      double[] w = gaussian(9, random);
      ConvOperator operator = new ConvOperator(g, w);
      double zero = Svd.largest(operator.toDense(), n * n, n * n);
      exceeded += zero > 1.001 * Circular.norm(1, 1, 3, w, n) ? 1 : 0;
    }
    assertTrue(exceeded > 0, "the circular norm would do as a bound");
  }

  @Test
  void theAdjointIsTheAdjoint() {
    SplittableRandom random = new SplittableRandom(6);
    for (int t = 0; t < 100; t++) {
      ConvGeometry g = draw(random);
      ConvOperator operator = new ConvOperator(g, gaussian(g.weights(), random));
      double[] x = gaussian(g.inputs(), random);
      double[] y = gaussian(g.outputs(), random);
      double[] ax = new double[g.outputs()];
      double[] aty = new double[g.inputs()];
      operator.apply(x, ax);
      operator.adjoint(y, aty);
      double left = DenseOperator.dot(ax, 0, y, y.length);
      double right = DenseOperator.dot(x, 0, aty, x.length);
      double scale = Rounding.normUp(ax) * Rounding.normUp(y);
      assertTrue(Math.abs(left - right) <= 1e-13 * scale, g + ": " + left + " " + right);
    }
  }

  private interface Bound {
    double of(PolyphaseKernel kernel);
  }

  private static double max(ConvGeometry g, double[] w, Bound bound) {
    double max = 0;
    for (int group = 0; group < g.groups(); group++) {
      max = Math.max(max, bound.of(PolyphaseKernel.of(g, w, group)));
    }
    return max;
  }

  private static double symbol(PolyphaseKernel k, SplittableRandom random) {
    int n1 = k.r() == 1 ? 1 : 2 * k.r() + random.nextInt(8);
    int n2 = k.s() == 1 ? 1 : 2 * k.s() + random.nextInt(8);
    return new SymbolBound(k, n1, n2).upper(1);
  }

  static ConvGeometry draw(SplittableRandom random) {
    int groups = 1 + random.nextInt(2);
    int c = groups * (1 + random.nextInt(2));
    int k = groups * (1 + random.nextInt(3));
    int r = 1 + random.nextInt(4);
    int dilation = 1 + random.nextInt(2);
    int n = Math.max(dilation * (r - 1) + 1, 3 + random.nextInt(4));
    return ConvGeometry.square(
        c, n, k, r, 1 + random.nextInt(3), random.nextInt(3), dilation, groups);
  }

  static double[] gaussian(int n, SplittableRandom random) {
    double[] w = new double[n];
    for (int i = 0; i < n; i++) {
      w[i] = random.nextGaussian();
    }
    return w;
  }
}
