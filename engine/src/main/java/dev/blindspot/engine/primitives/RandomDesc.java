package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/** Random numbers for n rows; parameters as in {@link Distribution}. */
public record RandomDesc(
    Distribution distribution, ElementType type, long n, long length, double a, double b)
    implements Desc<RandomPlan> {

  public RandomDesc {
    Check.floating("Random", type);
    Check.rows("Random", n, length);
    Check.that(Double.isFinite(a) && Double.isFinite(b), "Random: parameters must be finite");
  }

  @Override
  public String summary() {
    return "Random " + distribution + " " + type + " [" + n + "," + length + "]";
  }
}
