package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/** Inverted dropout: y = x / (1 - rate) with probability 1 - rate, else 0. */
public record DropoutDesc(ElementType type, long n, long length, double rate)
    implements Desc<DropoutPlan> {

  public DropoutDesc {
    Check.floating("Dropout", type);
    Check.rows("Dropout", n, length);
    Check.that(rate >= 0 && rate < 1, "Dropout: rate must be in [0,1), not " + rate);
  }

  @Override
  public String summary() {
    return "Dropout " + type + " x=[" + n + "," + length + "] rate=" + rate;
  }
}
