package dev.blindspot.attacks;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.MaskOp;

/**
 * Each sample's search for the largest c that still succeeds (c stands on the norm: a larger one
 * gives a smaller perturbation). Factors of {@link #WIDEN} until c is bracketed by a success and a
 * failure, then geometric bisection. The temperature of the loss falls from search to search.
 */
final class TradeOff {
  static final int TENSORS = 10;

  private static final double WIDEN = 4;
  private static final double SHARPEN = 0.6;

  /** Temperatures are at most 1 and at most, at the end, these shares of the clean margin. */
  private static final double BLUNTEST = 1.0 / 4;

  private static final double SHARPEST = 1.0 / 64;
  private static final double NONE = 1e30;

  private final RowMath num;
  private final RowTensor c;
  private final RowTensor low;
  private final RowTensor high;
  private final RowTensor tau;
  private final RowTensor sharpest;
  private final RowTensor done;
  private final RowTensor a;
  private final RowTensor b;
  private final RowTensor up;
  private final RowTensor down;

  /**
   * Begins at half of the c that is critical for a linear network with two classes, ||grad m||^2 /
   * (4 m).
   *
   * @param searched searches done by each sample at the beginning
   */
  TradeOff(Batch batch, float[] margin, float[] squaredSlope, float[] searched) {
    num = batch.numbers();
    RowStore store = batch.store();
    c = store.kept(ElementType.F32);
    low = store.kept(ElementType.F32);
    high = store.kept(ElementType.F32);
    tau = store.kept(ElementType.F32);
    sharpest = store.kept(ElementType.F32);
    done = store.kept(ElementType.F32);
    a = store.scratch(ElementType.F32);
    b = store.scratch(ElementType.F32);
    up = store.scratch(ElementType.U8);
    down = store.scratch(ElementType.U8);
    float[] first = new float[margin.length];
    float[] bluntest = new float[margin.length];
    float[] least = new float[margin.length];
    for (int i = 0; i < first.length; i++) {
      double m = Math.max(Math.abs(margin[i]), 1e-6);
      first[i] = (float) Math.min(Math.max(squaredSlope[i] / (8 * m), 1e-20), 1e20);
      bluntest[i] = (float) Math.min(1, m * BLUNTEST);
      least[i] = (float) Math.min(1, m * SHARPEST);
    }
    c.full().copyFrom(first);
    sharpest.full().copyFrom(least);
    done.full().copyFrom(searched);
    num.fill(0, low.view());
    num.fill(NONE, high.view());
    tau.full().copyFrom(bluntest);
  }

  /** Trade-off constants [n]. */
  Tensor c() {
    return c.view();
  }

  /** Temperatures of the loss [n]. */
  Tensor tau() {
    return tau.view();
  }

  /** The largest c that succeeded [n]; 0 if none did. */
  Tensor low() {
    return low.view();
  }

  /** Searches done [n]. */
  Tensor done() {
    return done.view();
  }

  /**
   * Moves to the next c.
   *
   * @param ended U8 [n]: samples that have converged
   * @param succeeded U8 [n]: where the minimiser has the label wanted
   */
  void next(Tensor ended, Tensor succeeded) {
    num.logic(MaskOp.AND, ended, succeeded, up.view());
    num.logic(MaskOp.AND_NOT, ended, succeeded, down.view());
    num.selectRows(up.view(), c.view(), low.view(), low.view());
    num.selectRows(down.view(), c.view(), high.view(), high.view());
    // Outside the bracket, then the geometric mean where both ends are known.
    num.affine(WIDEN, c.view(), 0, a.view());
    num.selectRows(up.view(), a.view(), c.view(), c.view());
    num.affine(1 / WIDEN, c.view(), 0, a.view());
    num.selectRows(down.view(), a.view(), c.view(), c.view());
    num.map(ElementwiseOp.SQRT, low.view(), null, a.view());
    num.map(ElementwiseOp.SQRT, high.view(), null, b.view());
    num.multiply(a.view(), b.view(), a.view());
    num.compare(Comparison.GREATER, low.view(), 0, up.view());
    num.compare(Comparison.LESS, high.view(), NONE, down.view());
    num.logic(MaskOp.AND, up.view(), down.view(), up.view());
    num.logic(MaskOp.AND, up.view(), ended, up.view());
    num.selectRows(up.view(), a.view(), c.view(), c.view());
    num.affine(SHARPEN, tau.view(), 0, a.view());
    num.map(ElementwiseOp.MAXIMUM, a.view(), sharpest.view(), a.view());
    num.selectRows(ended, a.view(), tau.view(), tau.view());
    num.affine(1, done.view(), 1, a.view());
    num.selectRows(ended, a.view(), done.view(), done.view());
  }
}
