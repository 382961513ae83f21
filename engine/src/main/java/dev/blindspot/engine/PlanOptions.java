package dev.blindspot.engine;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a plan is made for.
 *
 * @param directions the directions that will be executed; others are refused at execution
 * @param precision how products are formed
 * @param accumulate gradients are added to what dx, dw, db hold instead of overwriting it
 * @param implementation only implementations whose name begins so are considered; "" for all
 */
public record PlanOptions(
    Set<Direction> directions, Precision precision, boolean accumulate, String implementation) {

  public PlanOptions {
    if (directions.isEmpty()) {
      throw new InvalidInputException("PlanOptions: no direction asked for");
    }
    directions = Collections.unmodifiableSet(EnumSet.copyOf(directions));
  }

  /** Strict FP32, overwriting gradients, these directions. */
  public static PlanOptions directions(Direction first, Direction... rest) {
    return new PlanOptions(EnumSet.of(first, rest), Precision.FP32, false, "");
  }

  /** Forward only, strict FP32. */
  public static PlanOptions forward() {
    return directions(Direction.FORWARD);
  }

  /** All directions, strict FP32. */
  public static PlanOptions all() {
    return new PlanOptions(EnumSet.allOf(Direction.class), Precision.FP32, false, "");
  }

  /** The same for these directions only. */
  public PlanOptions only(Set<Direction> d) {
    return new PlanOptions(d, precision, accumulate, implementation);
  }

  public PlanOptions precision(Precision p) {
    return new PlanOptions(directions, p, accumulate, implementation);
  }

  public PlanOptions accumulate(boolean a) {
    return new PlanOptions(directions, precision, a, implementation);
  }

  /** Only implementations whose name begins so: "cudnn:legacy". */
  public PlanOptions implementation(String prefix) {
    return new PlanOptions(directions, precision, accumulate, prefix);
  }
}
