package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Local response normalisation across channels (Krizhevsky et al. 2012; ONNX LRN): y_i = x_i (bias
 * + alpha/size sum_{j in W(i)} x_j^2)^(-beta), W(i) = channels i - floor((size-1)/2) .. i +
 * ceil((size-1)/2) that exist. x [n,c,spatial].
 */
public record LocalResponseNormDesc(
    ElementType type, long n, int c, long spatial, int size, double alpha, double beta, double bias)
    implements Desc<LocalResponseNormPlan> {

  public LocalResponseNormDesc {
    Check.floating("LocalResponseNorm", type);
    Check.positive("LocalResponseNorm", "n", n);
    Check.positive("LocalResponseNorm", "c", c);
    Check.positive("LocalResponseNorm", "spatial", spatial);
    Check.positive("LocalResponseNorm", "size", size);
    Check.that(
        bias > 0 && alpha >= 0 && beta >= 0 && Double.isFinite(bias + alpha + beta),
        "LocalResponseNorm: bias must be positive, alpha and beta not negative");
  }

  @Override
  public String summary() {
    return "LocalResponseNorm " + type + " x=[" + n + "," + c + "," + spatial + "] size=" + size;
  }
}
