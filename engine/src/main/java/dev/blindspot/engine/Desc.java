package dev.blindspot.engine;

/**
 * What a primitive computes: geometry, element type, layouts, post-operations. An immutable record,
 * validated when made.
 *
 * <p>The batch n of a desc is a maximum: a plan executes any batch 1..n, taken from the first
 * dimension of the tensors, which must agree among themselves.
 *
 * @param <P> the plan that executes it
 */
public interface Desc<P extends Plan> {

  /** The primitive and its shapes in one line, for messages: "Conv2d x=[64,3,32,32] w=...". */
  String summary();
}
