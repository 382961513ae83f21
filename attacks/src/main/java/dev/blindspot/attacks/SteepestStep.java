package dev.blindspot.attacks;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.SortDesc;
import dev.blindspot.engine.primitives.SortPlan;

/**
 * The direction of length 1 in L1 or L2 that goes up fastest along a gradient; 0 where the gradient
 * is 0. For L1 it is spread over the largest k components that can move in the box.
 */
final class SteepestStep {
  /** Tensors that it takes at most. */
  static final int TENSORS = 5 + BoxFaces.MASKS;

  /** Below this a norm counts as 0: its reciprocal would overflow. */
  private static final double TINY = 1e-30;

  private final Context ctx;
  private final RowMath px;
  private final RowMath num;
  private final Norm norm;
  private final RowTensor length;
  private BoxFaces faces;
  private SortPlan sort;
  private RowMath least;
  private RowTensor size;
  private RowTensor zero;
  private RowTensor largest;
  private RowTensor mask;

  /** Bytes of its tensors for each row. */
  static long bytes(AttackProblem problem) {
    return problem.size() * (3L * 4 + 1 + BoxFaces.MASKS) + 4;
  }

  SteepestStep(Batch batch, Norm norm, int k) {
    ctx = batch.context();
    px = batch.pixels();
    num = batch.numbers();
    this.norm = norm;
    RowStore store = batch.store();
    length = store.scratch(ElementType.F32);
    if (norm == Norm.L1) {
      int pixels = batch.problem().size();
      faces = new BoxFaces(px, store, pixels);
      sort = batch.backend().plan(new SortDesc(ElementType.F32, batch.count(), pixels, k, true));
      least = new RowMath(batch.backend(), ctx, batch.count(), k);
      size = store.scratch(ElementType.F32, pixels);
      zero = store.scratch(ElementType.F32, pixels);
      largest = store.scratch(ElementType.F32, k);
      mask = store.scratch(ElementType.U8, pixels);
      px.fill(0, zero.view());
    }
  }

  /** d from g at x; d may be g. */
  void direction(Tensor x, Tensor g, Tensor d) {
    if (norm == Norm.L1) {
      largestComponents(x, g, d);
    } else {
      normalise(Reduction.L2, g, d);
    }
  }

  /** d = g / ||g|| in a norm. */
  void normalise(Reduction by, Tensor g, Tensor d) {
    px.reduce(by, g, null, length.view());
    num.clip(length.view(), TINY, Float.MAX_VALUE, length.view());
    num.map(ElementwiseOp.RECIPROCAL, length.view(), null, length.view());
    px.rows(RowwiseOp.SCALE, length.view(), g, d);
  }

  private void largestComponents(Tensor x, Tensor g, Tensor d) {
    px.map(ElementwiseOp.NEGATE, g, null, size.view());
    faces.free(x, size.view(), mask.view());
    px.select(mask.view(), g, zero.view(), d);
    px.map(ElementwiseOp.ABS, d, null, size.view());
    sort.execute(ctx, size.view(), largest.view(), null);
    least.reduce(Reduction.MIN, largest.view(), null, length.view());
    num.map(ElementwiseOp.NEGATE, length.view(), null, length.view());
    px.rows(RowwiseOp.ADD, length.view(), size.view(), size.view());
    px.compare(Comparison.GREATER_EQUAL, size.view(), 0, mask.view());
    px.map(ElementwiseOp.SIGN, d, null, d);
    px.select(mask.view(), d, zero.view(), d);
    normalise(Reduction.L1, d, d);
  }
}
