package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Converts element types: to a narrower float rounds to nearest even, to U8 and I32 truncates
 * towards zero and saturates, NaN becomes 0.
 */
public record CastDesc(ElementType from, ElementType to, long n, long length)
    implements Desc<CastPlan> {

  public CastDesc {
    Check.rows("Cast", n, length);
  }

  @Override
  public String summary() {
    return "Cast " + from + "->" + to + " x=[" + n + "," + length + "]";
  }
}
