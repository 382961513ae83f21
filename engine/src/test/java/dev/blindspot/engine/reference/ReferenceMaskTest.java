package dev.blindspot.engine.reference;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.SelectDesc;
import org.junit.jupiter.api.Test;

class ReferenceMaskTest {
  private static final double NAN = Double.NaN;
  private final Fixture f = new Fixture();

  private byte[] compare(Comparison c) {
    Tensor mask = f.empty(U8, 1, 5);
    f.plan(new CompareDesc(c, F64, 1, 5))
        .execute(f.ctx, f.f64(1, 1, 2, 3, NAN, NAN), f.f64(1, 2, 2, 2, 2, NAN), mask);
    return mask.toBytes();
  }

  @Test
  void comparisonsWithNan() {
    assertArrayEquals(new byte[] {1, 0, 0, 0, 0}, compare(Comparison.LESS));
    assertArrayEquals(new byte[] {1, 1, 0, 0, 0}, compare(Comparison.LESS_EQUAL));
    assertArrayEquals(new byte[] {0, 0, 1, 0, 0}, compare(Comparison.GREATER));
    assertArrayEquals(new byte[] {0, 1, 1, 0, 0}, compare(Comparison.GREATER_EQUAL));
    assertArrayEquals(new byte[] {0, 1, 0, 0, 0}, compare(Comparison.EQUAL));
    assertArrayEquals(new byte[] {1, 0, 1, 1, 1}, compare(Comparison.NOT_EQUAL));
  }

  @Test
  void aNumberIsRoundedToTheType() {
    Tensor mask = f.empty(U8, 1, 1);
    f.plan(new CompareDesc(Comparison.EQUAL, F32, 1, 1)).execute(f.ctx, f.f32(1, .1f), .1, mask);
    assertArrayEquals(new byte[] {1}, mask.toBytes());
    var integers = f.plan(new CompareDesc(Comparison.LESS, I32, 1, 1));
    assertThrows(
        InvalidInputException.class, () -> integers.execute(f.ctx, f.i32(1, 2), 2.5, mask));
    integers.execute(f.ctx, f.i32(1, 2), 3, mask);
    assertArrayEquals(new byte[] {1}, mask.toBytes());
  }

  @Test
  void anyByteButZeroIsTrue() {
    Tensor a = f.u8(1, 0, 0, 1, 255);
    Tensor b = f.u8(1, 0, 7, 0, 128);
    Tensor y = f.empty(U8, 1, 4);
    f.plan(new MaskDesc(MaskOp.AND, 1, 4)).execute(f.ctx, a, b, y);
    assertArrayEquals(new byte[] {0, 0, 0, 1}, y.toBytes());
    f.plan(new MaskDesc(MaskOp.OR, 1, 4)).execute(f.ctx, a, b, y);
    assertArrayEquals(new byte[] {0, 1, 1, 1}, y.toBytes());
    f.plan(new MaskDesc(MaskOp.AND_NOT, 1, 4)).execute(f.ctx, a, b, y);
    assertArrayEquals(new byte[] {0, 0, 1, 0}, y.toBytes());
    f.plan(new MaskDesc(MaskOp.NOT, 1, 4)).execute(f.ctx, b, null, b);
    assertArrayEquals(new byte[] {1, 0, 1, 0}, b.toBytes());
  }

  @Test
  void countsWholeAndPerRow() {
    Tensor mask = f.u8(3, 0, 0, 1, 0, 255, 2);
    Tensor rows = f.empty(I32, 3);
    Tensor all = f.empty(I32, 1);
    f.plan(new CountDesc(5, 2, true)).execute(f.ctx, mask, rows);
    f.plan(new CountDesc(5, 2, false)).execute(f.ctx, mask, all);
    assertArrayEquals(new int[] {0, 1, 2}, rows.toInts());
    assertArrayEquals(new int[] {3}, all.toInts());
    assertThrows(
        InvalidInputException.class,
        () -> f.plan(new CountDesc(5, 2, true)).execute(f.ctx, mask, all));
  }

  @Test
  void selectsElementsAndRows() {
    Tensor a = f.f32(2, 1, 2, 3, 4);
    Tensor b = f.f32(2, -1, -2, Float.NaN, -4);
    Tensor y = f.empty(F32, 2, 2);
    f.plan(new SelectDesc(F32, 2, 2, false)).execute(f.ctx, f.u8(2, 1, 0, 9, 0), a, b, y);
    assertArrayEquals(new float[] {1, -2, 3, -4}, y.toFloats());
    f.plan(new SelectDesc(F32, 2, 2, true)).execute(f.ctx, f.u8(2, 0, 1), a, b, b);
    assertArrayEquals(new float[] {-1, -2, 3, 4}, b.toFloats());
  }
}
