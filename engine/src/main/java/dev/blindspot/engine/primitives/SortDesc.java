package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * The k largest (or smallest) of each row in order; k = length sorts the row. Stable: of equals the
 * lower index comes first. NaN counts as larger than everything.
 */
public record SortDesc(ElementType type, long n, long length, long k, boolean descending)
    implements Desc<SortPlan> {

  public SortDesc {
    Check.floating("Sort", type);
    Check.rows("Sort", n, length);
    Check.that(k >= 1 && k <= length, "Sort: k must be in 1.." + length + ", not " + k);
  }

  @Override
  public String summary() {
    return "Sort "
        + type
        + " ["
        + n
        + ","
        + length
        + "] k="
        + k
        + (descending ? " descending" : "");
  }
}
