package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Closed forms of spectral norms. */
class SpectralNormTest {
  private static final BoundsOptions OPTIONS = BoundsOptions.defaults().threads(1).work(2e7);
  private static final double[] ONES = filled(9, 1);
  private static final double[] LAPLACE = {0, -1, 0, -1, 4, -1, 0, -1, 0};

  @Test
  void matricesOfKnownNorm() {
    bracket(1.6180339887498949, DenseBounds.of("m", new double[] {1, 1, 0, 1}, 2, 2, OPTIONS));
    double[] u = {1, -2, 3};
    double[] v = {0.5, 4};
    double[] rankOne = new double[6];
    for (int i = 0; i < 6; i++) {
      rankOne[i] = u[i / 2] * v[i % 2];
    }
    bracket(Math.sqrt(14 * 16.25), DenseBounds.of("m", rankOne, 3, 2, OPTIONS));
    double[] rotation = {0.6, -0.8, 0.8, 0.6};
    bracket(1, DenseBounds.of("m", rotation, 2, 2, OPTIONS));
    double[] hadamard = {1};
    for (int n = 1; n < 32; n *= 2) {
      double[] next = new double[4 * n * n];
      for (int i = 0; i < 4 * n * n; i++) {
        int r = i / (2 * n);
        int c = i % (2 * n);
        next[i] = hadamard[r % n * n + c % n] * (r >= n && c >= n ? -1 : 1);
      }
      hadamard = next;
    }
    bracket(Math.sqrt(32), DenseBounds.of("m", hadamard, 32, 32, OPTIONS));
    bracket(0, DenseBounds.of("m", new double[6], 2, 3, OPTIONS));
  }

  @Test
  void scalesFarFromOne() {
    for (double scale : new double[] {1e-200, 1e-30, 1e30, 1e140}) {
      double[] a = {scale, scale, 0, scale};
      double upper = GramIteration.upper(a, 2, 2);
      assertEquals(1.6180339887498949, upper / scale, 1e-9);
      assertTrue(upper >= 1.6180339887498949 * scale);
    }
  }

  @Test
  void gramIterationFallsWithEveryStepAndStaysAboveTheNorm() {
    SplittableRandom random = new SplittableRandom(2);
    for (int t = 0; t < 20; t++) {
      int rows = 3 + random.nextInt(40);
      int cols = 3 + random.nextInt(40);
      double[] a = RandomConvTest.gaussian(rows * cols, random);
      double exact = Svd.largest(a, rows, cols);
      double previous = Double.POSITIVE_INFINITY;
      for (int steps = 0; steps <= 10; steps++) {
        double bound = new GramIteration().upper(Planes.real(a, rows, cols), steps, 0);
        assertTrue(bound <= previous && bound >= exact * (1 - 1e-14), steps + ": " + bound);
        previous = bound;
      }
      assertEquals(exact, GramIteration.upper(a, rows, cols), 1e-5 * exact);
    }
  }

  @Test
  void identityAndPermutationKernels() {
    for (int dilation = 1; dilation <= 2; dilation++) {
      for (int stride = 1; stride <= 3; stride++) {
        double[] w = new double[9];
        w[4] = 1;
        bracket(1, conv(1, 9, 1, 3, stride, dilation, dilation, w));
      }
    }
    double[] spaceToDepth = new double[4 * 4];
    for (int i = 0; i < 4; i++) {
      spaceToDepth[i * 4 + i] = 1;
    }
    bracket(1, conv(1, 8, 4, 2, 2, 0, 1, spaceToDepth));
  }

  @Test
  void onesWithZeroPadding() {
    double[] expected = {0, 0, 0, 5.82842712474619, 0, 7.46410161513776, 0, 0, 8.29085936938159};
    for (int n : new int[] {3, 5, 8}) {
      bracket(expected[n], conv(1, n, 1, 3, 1, 1, 1, ONES));
      double closed = 1 + 2 * Math.cos(Math.PI / (n + 1));
      assertEquals(expected[n], closed * closed, 1e-12);
      assertEquals(9, Circular.norm(1, 1, 3, ONES, n), 1e-5);
    }
    bracketWithin(9, 0.01, symbol(ONES, 64));
  }

  @Test
  void laplacian() {
    bracket(6.82842712474619, conv(1, 3, 1, 3, 1, 1, 1, LAPLACE));
    bracket(7.75877048314363, conv(1, 8, 1, 3, 1, 1, 1, LAPLACE));
    assertEquals(8, Circular.norm(1, 1, 3, LAPLACE, 8), 1e-5);
    assertEquals(7.23606797749979, Circular.norm(1, 1, 3, LAPLACE, 5), 1e-5);
    bracketWithin(8, 0.01, symbol(LAPLACE, 64));
  }

  @Test
  void oneDimensionalSobelAndAverage() {
    ConvGeometry line = new ConvGeometry(1, 1, 7, 1, 1, 3, 1, 1, 0, 1, 1, 7, 1, 1, 1);
    LayerBound b = ConvBounds.of("line", "Conv2d", line, new double[] {1, 1, 1}, OPTIONS);
    bracket(1 + 2 * Math.cos(Math.PI / 8), b);
    double[] sobel = {-1, 0, 1, -2, 0, 2, -1, 0, 1};
    assertEquals(8, Circular.norm(1, 1, 3, sobel, 8), 1e-5);
    bracketWithin(8, 0.01, symbol(sobel, 64));
    double[] ninth = filled(9, 1.0 / 9);
    bracketWithin(1, 0.01, symbol(ninth, 64));
    PolyphaseKernel strided =
        PolyphaseKernel.of(ConvGeometry.square(1, 20, 1, 3, 2, 0, 1, 1), ninth, 0);
    bracketWithin(5.0 / 9, 0.01, new SymbolBound(strided, 64, 64).upper(1));
    bracket(0.5, conv(1, 8, 1, 2, 2, 0, 1, filled(4, 0.25)));
  }

  @Test
  void withoutOverlapTheNormIsThatOfTheReshapedKernel() {
    SplittableRandom random = new SplittableRandom(8);
    double[] w = RandomConvTest.gaussian(5 * 3 * 9, random);
    double exact = Svd.largest(w, 5, 27);
    bracket(exact, conv(3, 12, 5, 3, 3, 0, 1, w));
    double[] pointwise = RandomConvTest.gaussian(20, random);
    bracket(Svd.largest(pointwise, 5, 4), conv(4, 30, 5, 1, 1, 0, 1, pointwise));
  }

  @Test
  void reshapedKernelNormIsNoBound() {
    assertEquals(3, GramIteration.upper(ONES, 1, 9), 1e-9);
    assertTrue(conv(1, 8, 1, 3, 1, 1, 1, ONES).lower() > 8);
  }

  @Test
  void groupsAreBlocks() {
    double[] w = {1, -3};
    ConvGeometry g = ConvGeometry.square(2, 4, 2, 1, 1, 0, 1, 2);
    bracket(3, ConvBounds.of("depthwise", "Conv2d", g, w, OPTIONS));
  }

  @Test
  void notFiniteIsNotCertified() {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      double[] w = ONES.clone();
      w[3] = bad;
      LayerBound conv = conv(1, 5, 1, 3, 1, 1, 1, w);
      assertFalse(conv.certified());
      assertTrue(conv.method().startsWith("not certified"));
      assertFalse(DenseBounds.of("m", w, 3, 3, OPTIONS).certified());
      assertEquals(Double.POSITIVE_INFINITY, GramIteration.upper(w, 3, 3));
      PolyphaseKernel k = PolyphaseKernel.of(ConvGeometry.square(1, 5, 1, 3, 1, 1, 1, 1), w, 0);
      assertEquals(Double.POSITIVE_INFINITY, new SymbolBound(k, 8, 8).upper(1));
      assertEquals(Double.POSITIVE_INFINITY, KernelGramBound.upper(k, 1e6));
    }
  }

  private static double symbol(double[] w, int n) {
    ConvGeometry g = ConvGeometry.square(1, 8, 1, 3, 1, 1, 1, 1);
    return new SymbolBound(PolyphaseKernel.of(g, w, 0), n, n).upper(1);
  }

  private static LayerBound conv(
      int c, int n, int k, int r, int stride, int pad, int dilation, double[] w) {
    ConvGeometry g = ConvGeometry.square(c, n, k, r, stride, pad, dilation, 1);
    return ConvBounds.of("conv", "Conv2d", g, w, OPTIONS);
  }

  private static double[] filled(int n, double v) {
    double[] a = new double[n];
    Arrays.fill(a, v);
    return a;
  }

  private static void bracketWithin(double exact, double slack, double upper) {
    assertTrue(upper >= exact * (1 - 1e-14) && upper <= exact * (1 + slack), "" + upper);
  }

  private static void bracket(double exact, LayerBound b) {
    double room = 1e-14 * exact;
    assertTrue(b.lower() <= exact + room && b.upper() >= exact - room, exact + " not in " + b);
    assertTrue(b.upper() - b.lower() <= 1e-5 * exact + 1e-300, b + " is loose for " + exact);
  }
}
