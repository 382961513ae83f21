package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Copies rows or elements by I32 indices [n]. An index out of range is refused where the host can
 * see it and otherwise gives NaN (floats) or leaves y alone.
 *
 * @param n number of indices (a maximum)
 * @param rows rows of the side that is indexed (x of GATHER_ROWS, y of SCATTER_ROWS; a maximum)
 */
public record IndexDesc(IndexOp op, ElementType type, long n, long rows, long length)
    implements Desc<IndexPlan> {

  public IndexDesc {
    Check.rows("Index " + op, n, length);
    Check.positive("Index " + op, "rows", rows);
  }

  @Override
  public String summary() {
    return "Index " + op + " " + type + " n=" + n + " rows=" + rows + " length=" + length;
  }
}
