package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/** An operation of [n] numbers with [n,length] elements. */
public record RowwiseDesc(RowwiseOp op, ElementType type, long n, long length)
    implements Desc<RowwisePlan> {

  public RowwiseDesc {
    Check.floating("Rowwise " + op, type);
    Check.rows("Rowwise " + op, n, length);
  }

  @Override
  public String summary() {
    return "Rowwise " + op + " " + type + " [" + n + "," + length + "]";
  }
}
