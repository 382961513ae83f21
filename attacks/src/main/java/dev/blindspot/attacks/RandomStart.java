package dev.blindspot.attacks;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Distribution;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.primitives.RandomPlan;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowwiseOp;

/**
 * Random points of a ball: uniform for Linf; for L2 and L1 a normal direction at the radius eps
 * u^(1/size) with u uniform, which for L2 is uniform in the ball. Keyed by each sample's index,
 * never by its row.
 */
final class RandomStart {
  static final int TENSORS = 3;

  /** Separates these numbers from others of the same seed. */
  private static final int STREAM = 0x5747;

  private final Context ctx;
  private final Batch batch;
  private final Norm norm;
  private final int size;
  private final RandomPlan points;
  private final RandomPlan radii;
  private final RowTensor point;
  private final RowTensor share;
  private final RowTensor length;

  /** Bytes of its tensors for each row. */
  static long bytes(AttackProblem problem) {
    return 4L * problem.size() + 8;
  }

  RandomStart(Batch batch, Norm norm) {
    this.batch = batch;
    this.norm = norm;
    ctx = batch.context();
    size = batch.problem().size();
    int n = batch.count();
    points =
        batch
            .backend()
            .plan(
                norm == Norm.LINF
                    ? new RandomDesc(Distribution.UNIFORM, ElementType.F32, n, size, -1, 1)
                    : new RandomDesc(Distribution.NORMAL, ElementType.F32, n, size, 0, 1));
    radii = batch.backend().plan(new RandomDesc(Distribution.UNIFORM, ElementType.F32, n, 1, 0, 1));
    point = batch.store().scratch(ElementType.F32, size);
    share = batch.store().scratch(ElementType.F32);
    length = batch.store().scratch(ElementType.F32);
  }

  /**
   * Adds a random vector of the ball to x.
   *
   * @param start number of the start; each draws other numbers
   * @param radius of the ball [n]
   */
  void add(int start, Tensor radius, Tensor x) {
    RowMath num = batch.numbers();
    points.execute(ctx, key(2 * start), point.view());
    if (norm == Norm.LINF) {
      num.copy(radius, share.view());
    } else {
      radii.execute(ctx, key(2 * start + 1), share.view());
      num.map(ElementwiseOp.LOG, share.view(), null, share.view());
      num.affine(1.0 / size, share.view(), 0, share.view());
      num.map(ElementwiseOp.EXP, share.view(), null, share.view());
      num.multiply(share.view(), radius, share.view());
      Reduction by = norm == Norm.L2 ? Reduction.L2 : Reduction.L1;
      batch.pixels().reduce(by, point.view(), null, length.view());
      num.divide(share.view(), length.view(), share.view());
    }
    batch.pixels().rows(RowwiseOp.AXPY, share.view(), point.view(), x);
  }

  private RandomKey key(int stream) {
    return new RandomKey(batch.problem().seed(), STREAM + stream, batch.sample(), null);
  }
}
