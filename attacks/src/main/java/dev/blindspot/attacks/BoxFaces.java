package dev.blindspot.attacks;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.MaskOp;

/** Which pixels may move against a gradient without leaving the box [0,1]. */
final class BoxFaces {
  private final RowMath pixels;
  private final RowTensor a;
  private final RowTensor b;

  /** Tensors that {@link #BoxFaces} takes, U8 of a sample's size each. */
  static final int MASKS = 2;

  BoxFaces(RowMath pixels, RowStore store, int size) {
    this.pixels = pixels;
    a = store.scratch(ElementType.U8, size);
    b = store.scratch(ElementType.U8, size);
  }

  /** free = not (x at 0 and g positive, or x at 1 and g negative); NaN is free. */
  void free(Tensor x, Tensor g, Tensor free) {
    pixels.compare(Comparison.LESS_EQUAL, x, 0, a.view());
    pixels.compare(Comparison.GREATER, g, 0, b.view());
    pixels.logic(MaskOp.AND, a.view(), b.view(), free);
    pixels.compare(Comparison.GREATER_EQUAL, x, 1, a.view());
    pixels.compare(Comparison.LESS, g, 0, b.view());
    pixels.logic(MaskOp.AND, a.view(), b.view(), a.view());
    pixels.logic(MaskOp.OR, free, a.view(), free);
    pixels.logic(MaskOp.NOT, free, null, free);
  }
}
