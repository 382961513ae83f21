package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import java.util.List;

/**
 * Batch normalisation of x [n,c,spatial] over batch and space for each channel: y = gamma (x -
 * mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015). The variance is the biased one;
 * the running variance takes the unbiased one.
 *
 * @param post of training: a residual is added, then max(0, .); either may be missing
 */
public record BatchNormDesc(
    ElementType type, long n, int c, long spatial, double epsilon, List<PostOp> post)
    implements Desc<BatchNormPlan> {

  private static final List<List<PostOp>> POSSIBLE =
      List.of(
          List.of(),
          List.of(PostOp.RESIDUAL_ADD),
          List.of(PostOp.RELU),
          List.of(PostOp.RESIDUAL_ADD, PostOp.RELU));

  public BatchNormDesc {
    Check.floating("BatchNorm", type);
    Check.positive("BatchNorm", "n", n);
    Check.positive("BatchNorm", "c", c);
    Check.positive("BatchNorm", "spatial", spatial);
    Check.that(epsilon > 0, "BatchNorm: epsilon must be positive, not " + epsilon);
    post = List.copyOf(post);
    Check.that(
        POSSIBLE.contains(post),
        "BatchNorm: post-operations " + post + "; there are " + POSSIBLE + ", in this order");
  }

  /** Without post-operations. */
  public BatchNormDesc(ElementType type, long n, int c, long spatial, double epsilon) {
    this(type, n, c, spatial, epsilon, List.of());
  }

  /** The same with these post-operations in training. */
  public BatchNormDesc post(PostOp... ops) {
    return new BatchNormDesc(type, n, c, spatial, epsilon, List.of(ops));
  }

  @Override
  public String summary() {
    return "BatchNorm "
        + type
        + " x=["
        + n
        + ","
        + c
        + ","
        + spatial
        + "] epsilon="
        + epsilon
        + (post.isEmpty() ? "" : " post=" + post);
  }
}
