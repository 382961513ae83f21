package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/** Index of each row's maximum: the first of equals; the first NaN if there is one. */
public record ArgmaxDesc(ElementType type, long n, long length) implements Desc<ArgmaxPlan> {

  public ArgmaxDesc {
    Check.floating("Argmax", type);
    Check.rows("Argmax", n, length);
  }

  @Override
  public String summary() {
    return "Argmax " + type + " [" + n + "," + length + "]";
  }
}
