package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * An activation function on n rows.
 *
 * @param slope of LEAKY_RELU, in (0,1]; 0 for the others
 */
public record ActivationDesc(
    Activation activation, ElementType type, long n, long length, double slope)
    implements Desc<ActivationPlan> {

  public ActivationDesc {
    Check.floating("Activation", type);
    Check.rows("Activation", n, length);
    Check.that(
        activation == Activation.LEAKY_RELU ? slope > 0 && slope <= 1 : slope == 0,
        "Activation "
            + activation
            + ": slope "
            + slope
            + "; it must be in (0,1] for LEAKY_RELU and"
            + " 0 for the others");
  }

  public static ActivationDesc of(Activation activation, ElementType type, long n, long length) {
    return new ActivationDesc(activation, type, n, length, 0);
  }

  @Override
  public String summary() {
    return "Activation " + activation + " " + type + " x=[" + n + "," + length + "]";
  }
}
