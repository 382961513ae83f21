package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Batch normalisation of x [n,c,spatial] over batch and space for each channel: y = gamma (x -
 * mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015). The variance is the biased one;
 * the running variance takes the unbiased one.
 */
public record BatchNormDesc(ElementType type, long n, int c, long spatial, double epsilon)
    implements Desc<BatchNormPlan> {

  public BatchNormDesc {
    Check.floating("BatchNorm", type);
    Check.positive("BatchNorm", "n", n);
    Check.positive("BatchNorm", "c", c);
    Check.positive("BatchNorm", "spatial", spatial);
    Check.that(epsilon > 0, "BatchNorm: epsilon must be positive, not " + epsilon);
  }

  @Override
  public String summary() {
    return "BatchNorm " + type + " x=[" + n + "," + c + "," + spatial + "] epsilon=" + epsilon;
  }
}
