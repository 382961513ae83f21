package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/** An element-wise operation on n rows of {@code length} elements. */
public record ElementwiseDesc(ElementwiseOp op, ElementType type, long n, long length)
    implements Desc<ElementwisePlan> {

  public ElementwiseDesc {
    Check.rows("Elementwise " + op, n, length);
    boolean moves = op == ElementwiseOp.FILL || op == ElementwiseOp.COPY;
    boolean integer =
        moves
            || op == ElementwiseOp.AFFINE
            || op == ElementwiseOp.ADD
            || op == ElementwiseOp.SUBTRACT
            || op == ElementwiseOp.MINIMUM
            || op == ElementwiseOp.MAXIMUM;
    Check.that(
        type == ElementType.F32
            || type == ElementType.F64
            || (type == ElementType.I32 && integer)
            || (type == ElementType.U8 && moves),
        "Elementwise " + op + ": element type " + type + " is not defined");
  }

  @Override
  public String summary() {
    return "Elementwise " + op + " " + type + " [" + n + "," + length + "]";
  }
}
