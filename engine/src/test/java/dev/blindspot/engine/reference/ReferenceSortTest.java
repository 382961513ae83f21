package dev.blindspot.engine.reference;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.primitives.IndexOp;
import dev.blindspot.engine.primitives.SortDesc;
import org.junit.jupiter.api.Test;

class ReferenceSortTest {
  private static final double NAN = Double.NaN;
  private final Fixture f = new Fixture();

  @Test
  void stableWithNanAboveEverything() {
    Tensor x = f.f64(2, 2, NAN, 0, -0.0, 2, 1, 1, 1, NAN, NAN);
    Tensor values = f.empty(F64, 2, 5);
    Tensor indices = f.empty(I32, 2, 5);
    f.plan(new SortDesc(F64, 2, 5, 5, false)).execute(f.ctx, x, values, indices);
    assertArrayEquals(new int[] {2, 3, 0, 4, 1, 0, 1, 2, 3, 4}, indices.toInts());
    assertArrayEquals(new double[] {0, -0.0, 2, 2, NAN, 1, 1, 1, NAN, NAN}, values.toDoubles());
    f.plan(new SortDesc(F64, 2, 5, 5, true)).execute(f.ctx, x, null, indices);
    assertArrayEquals(new int[] {1, 0, 4, 2, 3, 3, 4, 0, 1, 2}, indices.toInts());
  }

  @Test
  void topK() {
    Tensor values = f.empty(F32, 1, 2);
    f.plan(new SortDesc(F32, 1, 4, 2, true)).execute(f.ctx, f.f32(1, 3, 9, 4, 9), values, null);
    assertArrayEquals(new float[] {9, 9}, values.toFloats());
    assertThrows(
        InvalidInputException.class,
        () ->
            f.plan(new SortDesc(F32, 1, 4, 2, true))
                .execute(f.ctx, f.f32(1, 1, 2, 3, 4), null, null));
  }

  @Test
  void gathersAndScattersRows() {
    Tensor x = f.f32(3, 1, 2, 3, 4, 5, 6);
    Tensor y = f.empty(F32, 2, 2);
    f.plan(new IndexDesc(IndexOp.GATHER_ROWS, F32, 4, 4, 2)).execute(f.ctx, f.i32(2, 2, 0), x, y);
    assertArrayEquals(new float[] {5, 6, 1, 2}, y.toFloats());
    f.plan(new IndexDesc(IndexOp.SCATTER_ROWS, F32, 4, 4, 2)).execute(f.ctx, f.i32(2, 1, 0), y, x);
    assertArrayEquals(new float[] {1, 2, 5, 6, 5, 6}, x.toFloats());
    Tensor e = f.empty(F32, 3);
    f.plan(new IndexDesc(IndexOp.GATHER_ELEMENTS, F32, 3, 3, 2))
        .execute(f.ctx, f.i32(3, 1, 1, 0), x, e);
    assertArrayEquals(new float[] {2, 6, 5}, e.toFloats());
  }

  @Test
  void refusesIndicesBeforeWriting() {
    Tensor x = f.i32(2, 1, 2);
    Tensor y = f.i32(2, 8, 9);
    var gather = f.plan(new IndexDesc(IndexOp.GATHER_ROWS, I32, 2, 2, 1));
    Exception e =
        assertThrows(
            InvalidInputException.class, () -> gather.execute(f.ctx, f.i32(2, 0, 2), x, y));
    assertTrue(e.getMessage().contains("index[1] is 2, outside 0..1"), e.getMessage());
    var scatter = f.plan(new IndexDesc(IndexOp.SCATTER_ROWS, I32, 2, 2, 1));
    assertThrows(InvalidInputException.class, () -> scatter.execute(f.ctx, f.i32(2, 1, 1), x, y));
    assertThrows(InvalidInputException.class, () -> scatter.execute(f.ctx, f.i32(2, 0, -1), x, y));
    assertArrayEquals(new int[] {8, 9}, y.toInts());
  }
}
