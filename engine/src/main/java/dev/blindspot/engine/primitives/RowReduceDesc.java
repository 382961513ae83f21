package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Reduces each of n rows to one number. Sums are formed in double or pairwise: relative error at
 * most 32 units in the last place of the sum of magnitudes.
 */
public record RowReduceDesc(Reduction reduction, ElementType type, long n, long length)
    implements Desc<RowReducePlan> {

  public RowReduceDesc {
    Check.floating("RowReduce", type);
    Check.rows("RowReduce", n, length);
  }

  @Override
  public String summary() {
    return "RowReduce " + reduction + " " + type + " [" + n + "," + length + "]";
  }
}
