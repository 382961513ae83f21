package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Contrast normalisation of each row as a whole: y = x / (epsilon + ||x||^2)^gamma ("Intriguing
 * properties of neural networks", section 4.3).
 */
public record ContrastNormDesc(ElementType type, long n, long length, double epsilon, double gamma)
    implements Desc<ContrastNormPlan> {

  public ContrastNormDesc {
    Check.floating("ContrastNorm", type);
    Check.rows("ContrastNorm", n, length);
    Check.that(
        epsilon > 0 && gamma > 0 && Double.isFinite(epsilon + gamma),
        "ContrastNorm: epsilon " + epsilon + " and gamma " + gamma + " must be positive");
  }

  @Override
  public String summary() {
    return "ContrastNorm " + type + " x=[" + n + "," + length + "] gamma=" + gamma;
  }
}
