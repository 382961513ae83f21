package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;

/**
 * Counts the true elements of a U8 mask.
 *
 * @param perRow counts for each row into I32 [n], else over the whole tensor into I32 [1]
 */
public record CountDesc(long n, long length, boolean perRow) implements Desc<CountPlan> {

  public CountDesc {
    Check.rows("Count", n, length);
  }

  @Override
  public String summary() {
    return "Count [" + n + "," + length + "]" + (perRow ? " per row" : "");
  }
}
