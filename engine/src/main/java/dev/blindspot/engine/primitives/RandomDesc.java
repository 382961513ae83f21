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
    Check.that(
        Double.isFinite(a) && Double.isFinite(b) && Double.isFinite(b - a),
        "Random: parameters " + a + ", " + b + " and their difference must be finite");
    Check.that(
        distribution == Distribution.UNIFORM ? a <= b : b >= 0,
        "Random "
            + distribution
            + ": parameters "
            + a
            + ", "
            + b
            + " must be an interval or a mean and a deviation that is not negative");
    Check.that(length <= 1L << 33, "Random: rows of " + length + " exceed 2^33 elements");
  }

  @Override
  public String summary() {
    return "Random " + distribution + " " + type + " [" + n + "," + length + "]";
  }
}
