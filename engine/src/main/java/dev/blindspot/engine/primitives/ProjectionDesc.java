package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Euclidean projection of each row y onto the ball of a norm round centre x, intersected with the
 * box [low,high] that holds x. The result is the exact projection onto the intersection: x +
 * clip(shrink(y - x, lambda)) with the root lambda of a monotone function (for L1 soft
 * thresholding: Duchi et al. 2008, with box: Croce and Hein 2021). Use infinite low and high for no
 * box. The result is inside the box bit-exactly (its bounds rounded to the element type), and
 * inside the ball up to rounding of the norm. What is already inside is copied unchanged. A
 * negative or NaN radius gives a row of NaN, and so does, for L1 and L2, a row with an element that
 * is not finite.
 */
public record ProjectionDesc(
    Norm norm, ElementType type, long n, long length, double low, double high)
    implements Desc<ProjectionPlan> {

  public ProjectionDesc {
    Check.floating("Projection", type);
    Check.rows("Projection", n, length);
    Check.that(low < high, "Projection: box [" + low + "," + high + "] is empty");
  }

  @Override
  public String summary() {
    return "Projection "
        + norm
        + " "
        + type
        + " ["
        + n
        + ","
        + length
        + "] box=["
        + low
        + ","
        + high
        + "]";
  }
}
