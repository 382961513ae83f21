package dev.blindspot.attacks;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.ComparePlan;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.MaskPlan;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.RowReducePlan;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.RowwisePlan;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.primitives.SelectPlan;
import java.util.EnumMap;
import java.util.Map;

/**
 * The arithmetic of attacks on F32 rows of one length, by plans made at their first use. Results
 * come last; a result may be an operand.
 */
final class RowMath {
  private final Backend backend;
  private final Context ctx;
  private final long n;
  private final long length;
  private final Map<ElementwiseOp, ElementwisePlan> elementwise =
      new EnumMap<>(ElementwiseOp.class);
  private final Map<Comparison, ComparePlan> compare = new EnumMap<>(Comparison.class);
  private final Map<MaskOp, MaskPlan> logic = new EnumMap<>(MaskOp.class);
  private final Map<Reduction, RowReducePlan> reduce = new EnumMap<>(Reduction.class);
  private final Map<RowwiseOp, RowwisePlan> rowwise = new EnumMap<>(RowwiseOp.class);
  private final SelectPlan selectRows;
  private final SelectPlan select;

  RowMath(Backend backend, Context ctx, long n, long length) {
    this.backend = backend;
    this.ctx = ctx;
    this.n = n;
    this.length = length;
    selectRows = backend.plan(new SelectDesc(ElementType.F32, n, length, true));
    select = backend.plan(new SelectDesc(ElementType.F32, n, length, false));
  }

  /** y = op(a, b) with numbers alpha and beta; operands that the operation lacks are null. */
  void map(ElementwiseOp op, Tensor a, Tensor b, double alpha, double beta, Tensor y) {
    ElementwisePlan p = elementwise.get(op);
    if (p == null) {
      p = backend.plan(new ElementwiseDesc(op, ElementType.F32, n, length));
      elementwise.put(op, p);
    }
    p.execute(ctx, a, b, alpha, beta, y);
  }

  void map(ElementwiseOp op, Tensor a, Tensor b, Tensor y) {
    map(op, a, b, 0, 0, y);
  }

  void fill(double value, Tensor y) {
    map(ElementwiseOp.FILL, null, null, value, 0, y);
  }

  void copy(Tensor a, Tensor y) {
    map(ElementwiseOp.COPY, a, null, y);
  }

  void add(Tensor a, Tensor b, Tensor y) {
    map(ElementwiseOp.ADD, a, b, y);
  }

  void subtract(Tensor a, Tensor b, Tensor y) {
    map(ElementwiseOp.SUBTRACT, a, b, y);
  }

  void multiply(Tensor a, Tensor b, Tensor y) {
    map(ElementwiseOp.MULTIPLY, a, b, y);
  }

  void divide(Tensor a, Tensor b, Tensor y) {
    map(ElementwiseOp.DIVIDE, a, b, y);
  }

  /** y = alpha a + beta. */
  void affine(double alpha, Tensor a, double beta, Tensor y) {
    map(ElementwiseOp.AFFINE, a, null, alpha, beta, y);
  }

  /** y = alpha a + beta b. */
  void combine(double alpha, Tensor a, double beta, Tensor b, Tensor y) {
    map(ElementwiseOp.LINEAR_COMBINATION, a, b, alpha, beta, y);
  }

  void clip(Tensor a, double low, double high, Tensor y) {
    map(ElementwiseOp.CLIP, a, null, low, high, y);
  }

  /** mask = a ? number. */
  void compare(Comparison c, Tensor a, double b, Tensor mask) {
    comparing(c).execute(ctx, a, b, mask);
  }

  /** mask = a ? b. */
  void compare(Comparison c, Tensor a, Tensor b, Tensor mask) {
    comparing(c).execute(ctx, a, b, mask);
  }

  private ComparePlan comparing(Comparison c) {
    ComparePlan p = compare.get(c);
    if (p == null) {
      p = backend.plan(new CompareDesc(c, ElementType.F32, n, length));
      compare.put(c, p);
    }
    return p;
  }

  /** y = op(a, b) of masks. */
  void logic(MaskOp op, Tensor a, Tensor b, Tensor y) {
    MaskPlan p = logic.get(op);
    if (p == null) {
      p = backend.plan(new MaskDesc(op, n, length));
      logic.put(op, p);
    }
    p.execute(ctx, a, b, y);
  }

  /** y [n] from rows a (and b for DOT, else null). */
  void reduce(Reduction r, Tensor a, Tensor b, Tensor y) {
    RowReducePlan p = reduce.get(r);
    if (p == null) {
      p = backend.plan(new RowReduceDesc(r, ElementType.F32, n, length));
      reduce.put(r, p);
    }
    p.execute(ctx, a, b, y);
  }

  /** op of alpha [n] with rows a. */
  void rows(RowwiseOp op, Tensor alpha, Tensor a, Tensor y) {
    RowwisePlan p = rowwise.get(op);
    if (p == null) {
      p = backend.plan(new RowwiseDesc(op, ElementType.F32, n, length));
      rowwise.put(op, p);
    }
    p.execute(ctx, alpha, a, y);
  }

  /** y[i,:] = mask[i] ? a[i,:] : b[i,:]. */
  void selectRows(Tensor mask, Tensor a, Tensor b, Tensor y) {
    selectRows.execute(ctx, mask, a, b, y);
  }

  /** y = mask ? a : b, element by element. */
  void select(Tensor mask, Tensor a, Tensor b, Tensor y) {
    select.execute(ctx, mask, a, b, y);
  }
}
