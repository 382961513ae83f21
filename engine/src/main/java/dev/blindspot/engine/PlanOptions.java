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
 * @param boundedErrors the forward direction keeps an a-priori bound of each output's rounding
 *     error: it sums up its products as they are, in any order, so that an error is at most gamma_n
 *     sum |w||x| (Higham 2002, section 3.1), or convolves by Winograd's F(2x2, 3x3) in float, with
 *     filters of any size cut into sections of at most 3 taps, whose error is at most gamma_m sum
 *     |v||x| with a filter |v| that follows from |w|. Without it other transforms are allowed too,
 *     and products of split numbers, whose errors are small in norm only. Transforms may hand NaN
 *     and infinities to neighbouring outputs in either case
 */
public record PlanOptions(
    Set<Direction> directions,
    Precision precision,
    boolean accumulate,
    String implementation,
    boolean boundedErrors) {

  public PlanOptions {
    if (directions.isEmpty()) {
      throw new InvalidInputException("PlanOptions: no direction asked for");
    }
    directions = Collections.unmodifiableSet(EnumSet.copyOf(directions));
  }

  /** Strict FP32, overwriting gradients, these directions. */
  public static PlanOptions directions(Direction first, Direction... rest) {
    return new PlanOptions(EnumSet.of(first, rest), Precision.FP32, false, "", false);
  }

  /** Forward only, strict FP32. */
  public static PlanOptions forward() {
    return directions(Direction.FORWARD);
  }

  /** All directions, strict FP32. */
  public static PlanOptions all() {
    return new PlanOptions(EnumSet.allOf(Direction.class), Precision.FP32, false, "", false);
  }

  /** The same for these directions only. */
  public PlanOptions only(Set<Direction> d) {
    return new PlanOptions(d, precision, accumulate, implementation, boundedErrors);
  }

  public PlanOptions precision(Precision p) {
    return new PlanOptions(directions, p, accumulate, implementation, boundedErrors);
  }

  public PlanOptions accumulate(boolean a) {
    return new PlanOptions(directions, precision, a, implementation, boundedErrors);
  }

  /** Only implementations whose name begins so: "cudnn:legacy". */
  public PlanOptions implementation(String prefix) {
    return new PlanOptions(directions, precision, accumulate, prefix, boundedErrors);
  }

  /** With or without a bound of each output's rounding error. */
  public PlanOptions boundedErrors(boolean bounded) {
    return new PlanOptions(directions, precision, accumulate, implementation, bounded);
  }

  /** Whether the forward direction is asked for with bounded errors. */
  public boolean boundsForward() {
    return boundedErrors && directions.contains(Direction.FORWARD);
  }
}
