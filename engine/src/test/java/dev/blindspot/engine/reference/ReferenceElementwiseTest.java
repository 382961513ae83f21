package dev.blindspot.engine.reference;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import org.junit.jupiter.api.Test;

class ReferenceElementwiseTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;
  private final Fixture f = new Fixture();

  private double[] run(ElementwiseOp op, double[] a, double[] b, double alpha, double beta) {
    Tensor y = f.empty(F64, 1, a.length);
    f.plan(new ElementwiseDesc(op, F64, 1, a.length))
        .execute(f.ctx, f.f64(1, a), b == null ? null : f.f64(1, b), alpha, beta, y);
    return y.toDoubles();
  }

  @Test
  void unaryOperationsByHand() {
    double[] a = {-2, 0, 4, NAN, -INF};
    assertArrayEquals(
        new double[] {2, -0.0, -4, NAN, INF}, run(ElementwiseOp.NEGATE, a, null, 0, 0));
    assertArrayEquals(new double[] {2, 0, 4, NAN, INF}, run(ElementwiseOp.ABS, a, null, 0, 0));
    assertArrayEquals(new double[] {-1, 0, 1, NAN, -1}, run(ElementwiseOp.SIGN, a, null, 0, 0));
    assertArrayEquals(new double[] {4, 0, 16, NAN, INF}, run(ElementwiseOp.SQUARE, a, null, 0, 0));
    assertArrayEquals(new double[] {NAN, 0, 2, NAN, NAN}, run(ElementwiseOp.SQRT, a, null, 0, 0));
    assertArrayEquals(
        new double[] {-0.5, INF, 0.25, NAN, -0.0}, run(ElementwiseOp.RECIPROCAL, a, null, 0, 0));
    assertArrayEquals(new double[] {-1, 0, 1, NAN, -1}, run(ElementwiseOp.CLIP, a, null, -1, 1));
    assertArrayEquals(
        new double[] {-5, -1, 7, NAN, -INF}, run(ElementwiseOp.AFFINE, a, null, 2, -1));
    assertArrayEquals(
        new double[] {Math.exp(-2), 1, Math.exp(4), NAN, 0},
        run(ElementwiseOp.EXP, a, null, 0, 0),
        1e-15);
    assertArrayEquals(
        new double[] {NAN, -INF, Math.log(4), NAN, NAN}, run(ElementwiseOp.LOG, a, null, 0, 0));
    assertArrayEquals(new double[] {3, 3, 3, 3, 3}, run(ElementwiseOp.FILL, a, null, 3, 0));
  }

  @Test
  void binaryOperationsByHand() {
    double[] a = {1, -2, NAN, 6};
    double[] b = {3, 4, 5, NAN};
    assertArrayEquals(new double[] {4, 2, NAN, NAN}, run(ElementwiseOp.ADD, a, b, 0, 0));
    assertArrayEquals(new double[] {-2, -6, NAN, NAN}, run(ElementwiseOp.SUBTRACT, a, b, 0, 0));
    assertArrayEquals(new double[] {3, -8, NAN, NAN}, run(ElementwiseOp.MULTIPLY, a, b, 0, 0));
    assertArrayEquals(new double[] {1 / 3.0, -.5, NAN, NAN}, run(ElementwiseOp.DIVIDE, a, b, 0, 0));
    assertArrayEquals(new double[] {1, -2, NAN, NAN}, run(ElementwiseOp.MINIMUM, a, b, 0, 0));
    assertArrayEquals(new double[] {3, 4, NAN, NAN}, run(ElementwiseOp.MAXIMUM, a, b, 0, 0));
    assertArrayEquals(
        new double[] {-1, -8, NAN, NAN}, run(ElementwiseOp.LINEAR_COMBINATION, a, b, 2, -1));
  }

  @Test
  void integersSaturateAndTruncate() {
    Tensor y = f.empty(I32, 1, 3);
    f.plan(new ElementwiseDesc(ElementwiseOp.ADD, I32, 1, 3))
        .execute(f.ctx, f.i32(1, Integer.MAX_VALUE, -7, 5), f.i32(1, 9, -3, -5), y);
    assertArrayEquals(new int[] {Integer.MAX_VALUE, -10, 0}, y.toInts());
    f.plan(new ElementwiseDesc(ElementwiseOp.AFFINE, I32, 1, 3))
        .execute(f.ctx, y, null, .5, 0.25, y);
    assertArrayEquals(new int[] {(1 << 30) - 1, -4, 0}, y.toInts());
  }

  @Test
  void smallerBatchInPlace() {
    Tensor a = f.f32(2, 1, 2, 3, 4, 5, 6);
    f.plan(new ElementwiseDesc(ElementwiseOp.ADD, F32, 9, 3)).execute(f.ctx, a, a, a);
    assertArrayEquals(new float[] {2, 4, 6, 8, 10, 12}, a.toFloats());
  }

  @Test
  void refusesWhatDoesNotFit() {
    var add = f.plan(new ElementwiseDesc(ElementwiseOp.ADD, F32, 2, 3));
    Tensor a = f.f32(4, new float[12]);
    Tensor two = a.slice(0, 2);
    assertThrows(InvalidInputException.class, () -> add.execute(f.ctx, a, a, a));
    assertThrows(InvalidInputException.class, () -> add.execute(f.ctx, two, null, two));
    assertThrows(InvalidInputException.class, () -> add.execute(f.ctx, two, a.slice(0, 1), two));
    Exception e =
        assertThrows(
            InvalidInputException.class, () -> add.execute(f.ctx, two, two, a.slice(1, 3)));
    assertTrue(e.getMessage().contains("overlaps"), e.getMessage());
    assertThrows(
        InvalidInputException.class, () -> add.execute(f.ctx, two, f.f64(2, new double[6]), two));
  }

  @Test
  void rowwiseByHandWithZeroCoefficients() {
    Tensor alpha = f.f64(3, 2, 0, -1);
    Tensor a = f.f64(3, 1, 2, NAN, INF, 3, 4);
    Tensor y = f.f64(3, 10, 10, 10, 10, 10, 10);
    f.plan(new RowwiseDesc(RowwiseOp.AXPY, F64, 3, 2)).execute(f.ctx, alpha, a, y);
    assertArrayEquals(new double[] {12, 14, 10, 10, 7, 6}, y.toDoubles());
    f.plan(new RowwiseDesc(RowwiseOp.SCALE, F64, 3, 2)).execute(f.ctx, alpha, a, y);
    assertArrayEquals(new double[] {2, 4, 0, 0, -3, -4}, y.toDoubles());
    f.plan(new RowwiseDesc(RowwiseOp.ADD, F64, 3, 2)).execute(f.ctx, alpha, a, y);
    assertArrayEquals(new double[] {3, 4, NAN, INF, 2, 3}, y.toDoubles());
  }
}
