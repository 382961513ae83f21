package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;

/** Logic on masks of n rows. */
public record MaskDesc(MaskOp op, long n, long length) implements Desc<MaskPlan> {

  public MaskDesc {
    Check.rows("Mask", n, length);
  }

  @Override
  public String summary() {
    return "Mask " + op + " [" + n + "," + length + "]";
  }
}
