package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.primitives.Conv2dDesc;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The printed convolution formula fails for strides over 1; the corrected one is exact. */
class PaperFormulaTest {

  @Test
  void printedFormulaUnderestimatesTheIdentityByTheStride() {
    for (int stride = 2; stride <= 4; stride++) {
      Conv2dDesc identity = Conv2dDesc.of(ElementType.F64, 1, 1, 12, 12).filters(1, 1, 1);
      Conv2dDesc strided = identity.stride(stride);
      assertEquals(1.0 / stride, PaperFormula.printed(strided, new double[] {1}, options()), 1e-6);
      double upper = ConvBounds.of("c", strided, new double[] {1}, options()).upper();
      assertEquals(1, upper, 1e-9);
    }
  }

  @Test
  void correctedFormulaIsTheCircularNormAndThePrintedFactorIsNot() {
    SplittableRandom random = new SplittableRandom(9);
    for (int stride = 1; stride <= 4; stride++) {
      int n = 2 * Math.max(3, stride) / stride * stride;
      Conv2dDesc desc = Conv2dDesc.of(ElementType.F64, 1, 2, n, n).filters(3, 3, 3).stride(stride);
      double[] w = RandomConvTest.gaussian(3 * 2 * 9, random);
      int p = n / stride;
      double exact = Svd.largest(Circular.dense(2, 3, 3, stride, w, n), 3 * p * p, 2 * n * n);
      assertEquals(exact, PaperFormula.corrected(desc, w, n), 1e-4 * exact);
      assertEquals(exact / stride, PaperFormula.printedFactor(desc, w, n), 1e-4 * exact);
    }
  }

  /** Equation (1) written down once more, with another oracle for the norm. */
  @Test
  void printedFormulaIsEquationOneForAllFrequenciesInItsRange() {
    int n = 3;
    int stride = 2;
    Conv2dDesc desc = Conv2dDesc.of(ElementType.F64, 1, 2, 8, 8).filters(2, n, n, 1).stride(stride);
    double[] w = RandomConvTest.gaussian(2 * 2 * n * n, new SplittableRandom(4));
    double max = 0;
    for (int xi1 = 0; xi1 < (double) n / stride; xi1++) {
      for (int xi2 = 0; xi2 < (double) n / stride; xi2++) {
        max = Math.max(max, normOfA(w, n, stride, xi1, xi2));
      }
    }
    assertEquals(max, PaperFormula.printed(desc, w, options()), 1e-6 * max);
  }

  /** A(xi) of 2 rows and 2 stride^2 columns, as the real matrix [[Re,-Im],[Im,Re]]. */
  private static double normOfA(double[] w, int n, int stride, int xi1, int xi2) {
    int cols = 2 * stride * stride;
    double[] a = new double[4 * 2 * cols];
    for (int d = 0; d < 2; d++) {
      for (int col = 0; col < cols; col++) {
        int c = col / (stride * stride);
        double f1 = xi1 + col / stride % stride * (double) n / stride;
        double f2 = xi2 + col % stride * (double) n / stride;
        double re = 0;
        double im = 0;
        for (int u1 = 0; u1 < n; u1++) {
          for (int u2 = 0; u2 < n; u2++) {
            double angle = -2 * Math.PI * (u1 * f1 + u2 * f2) / (n * n);
            double value = w[((d * 2 + c) * n + u1) * n + u2] / (stride * stride);
            re += value * Math.cos(angle);
            im += value * Math.sin(angle);
          }
        }
        a[d * 2 * cols + col] = re;
        a[d * 2 * cols + cols + col] = -im;
        a[(2 + d) * 2 * cols + col] = im;
        a[(2 + d) * 2 * cols + cols + col] = re;
      }
    }
    return Svd.largest(a, 4, 2 * cols);
  }

  @Test
  void printedFormulaIsNoBoundForStridesOverOne() {
    int contradicted = 0;
    for (int seed = 0; seed < 50; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int stride = 2 + seed % 2;
      Conv2dDesc desc =
          Conv2dDesc.of(ElementType.F64, 1, 1, 8, 8).filters(2, 3, 3, 1).stride(stride);
      double[] w = RandomConvTest.gaussian(18, random);
      LayerBound b = ConvBounds.of("c", desc, w, options());
      contradicted += PaperFormula.printed(desc, w, options()) < b.lower() ? 1 : 0;
    }
    assertTrue(contradicted > 25, "printed value under a true lower bound " + contradicted + "/50");
  }

  private static BoundsOptions options() {
    return BoundsOptions.defaults().threads(1).work(1e7);
  }
}
