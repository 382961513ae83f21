package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.primitives.PostOp;
import java.util.List;

/** Post-operations and options as the flags that kernels/dense.h names. */
public final class PostOps {
  private static final long MASK = 8;
  private static final long ACCUMULATE = 16;

  private PostOps() {}

  /** The kernels apply bias, residual, ReLU in this order, each at most once. */
  public static String reasonWhyNot(List<PostOp> post) {
    for (int i = 1; i < post.size(); i++) {
      if (post.get(i).ordinal() <= post.get(i - 1).ordinal()) {
        return "post-operations " + post + "; the order must be BIAS, RESIDUAL_ADD, RELU";
      }
    }
    return "";
  }

  public static long gradientFlags(boolean accumulate, boolean masked) {
    return (accumulate ? ACCUMULATE : 0) | (masked ? MASK : 0);
  }

  /** Allocates nothing: an iterator would. */
  public static long flags(List<PostOp> post) {
    long flags = 0;
    for (int i = 0; i < post.size(); i++) {
      flags |= 1L << post.get(i).ordinal();
    }
    return flags;
  }
}
