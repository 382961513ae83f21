package dev.blindspot.engine.primitives;

/**
 * Executes a {@link LinearDesc}: y = x w^T + b, dx = dy w, dw = dy^T x. Tensors: x, dx [n,...]
 * whose rows have c elements; w, dw [k,c]; b [k]; y, dy [n,k].
 */
public interface LinearPlan extends WeightedPlan {

  @Override
  LinearDesc desc();
}
