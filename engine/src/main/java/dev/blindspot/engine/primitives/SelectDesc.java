package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * y = mask ? a : b.
 *
 * @param type any
 * @param perRow mask is U8 [n] and chooses whole rows, else [n,length]
 */
public record SelectDesc(ElementType type, long n, long length, boolean perRow)
    implements Desc<SelectPlan> {

  public SelectDesc {
    Check.rows("Select", n, length);
  }

  @Override
  public String summary() {
    return "Select " + type + " [" + n + "," + length + "]" + (perRow ? " per row" : "");
  }
}
