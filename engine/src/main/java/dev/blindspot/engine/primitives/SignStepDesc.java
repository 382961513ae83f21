package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * One step of the iterated fast gradient sign method (Kurakin et al. 2017) on rows: z = P(x + alpha
 * sign(g)), P being the projection onto the Linf ball round a centre intersected with the box
 * [low,high] that holds the centre; see {@link ProjectionDesc}. x + alpha sign(g) is rounded to the
 * element type first, as by separate primitives. size[i] is the largest |g[i,:]|, NaN if one is
 * NaN; a row whose size is not finite has no direction, and z is P(x) there. Use infinite low and
 * high for no box. A negative or NaN radius gives a row of NaN.
 */
public record SignStepDesc(ElementType type, long n, long length, double low, double high)
    implements Desc<SignStepPlan> {

  public SignStepDesc {
    Check.floating("SignStep", type);
    Check.rows("SignStep", n, length);
    Check.that(low < high, "SignStep: box [" + low + "," + high + "] is empty");
  }

  @Override
  public String summary() {
    return "SignStep " + type + " [" + n + "," + length + "] box=[" + low + "," + high + "]";
  }
}
