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
      assertEquals(1.0 / stride, PaperFormula.printed(strided, new double[] {1}), 1e-6);
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
      contradicted += PaperFormula.printed(desc, w) < b.lower() ? 1 : 0;
    }
    assertTrue(contradicted > 25, "printed value under a true lower bound " + contradicted + "/50");
  }

  private static BoundsOptions options() {
    return BoundsOptions.defaults().threads(1).work(1e7);
  }
}
