package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import java.util.List;

/**
 * Dense layer: x [n,c], w [k,c], b [k], y [n,k], y = x w^T + b.
 *
 * @param type F32 or F64
 * @param c inputs
 * @param k outputs
 * @param post post-operations of the forward direction
 * @param reluMask backwardData multiplies dx by (mask &gt; 0)
 */
public record LinearDesc(
    ElementType type, long n, int c, int k, List<PostOp> post, boolean reluMask)
    implements Desc<LinearPlan> {

  public LinearDesc {
    post = List.copyOf(post);
    Check.floating("Linear", type);
    Check.positive("Linear", "n", n);
    Check.positive("Linear", "c", c);
    Check.positive("Linear", "k", k);
  }

  public static LinearDesc of(ElementType type, long n, int c, int k) {
    return new LinearDesc(type, n, c, k, List.of(), false);
  }

  public LinearDesc post(PostOp... ops) {
    return new LinearDesc(type, n, c, k, List.of(ops), reluMask);
  }

  public LinearDesc reluMask(boolean mask) {
    return new LinearDesc(type, n, c, k, post, mask);
  }

  @Override
  public String summary() {
    return "Linear " + type + " x=[" + n + "," + c + "] w=[" + k + "," + c + "] post=" + post;
  }
}
