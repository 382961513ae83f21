package dev.blindspot.engine.reference;

import dev.blindspot.engine.primitives.PostOp;
import java.util.List;

/** Post-operations of one output element, in their order. */
final class ReferencePostOps {
  private ReferencePostOps() {}

  /**
   * @param k the element's channel, an index of b
   * @param at the element's index, one of residual
   */
  static double apply(List<PostOp> post, double value, Cells b, int k, Cells residual, long at) {
    double y = value;
    for (PostOp op : post) {
      y =
          switch (op) {
            case BIAS -> y + b.get(k);
            case RESIDUAL_ADD -> y + residual.get(at);
            case RELU -> Math.max(0, y);
          };
    }
    return y;
  }
}
