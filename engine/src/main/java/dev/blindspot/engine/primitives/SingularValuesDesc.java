package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/** Singular values of an m x n matrix, largest first, min(m,n) of them. Sizes are exact. */
public record SingularValuesDesc(ElementType type, int m, int n)
    implements Desc<SingularValuesPlan> {

  public SingularValuesDesc {
    Check.floating("SingularValues", type);
    Check.positive("SingularValues", "m", m);
    Check.positive("SingularValues", "n", n);
  }

  @Override
  public String summary() {
    return "SingularValues " + type + " [" + m + "," + n + "]";
  }
}
