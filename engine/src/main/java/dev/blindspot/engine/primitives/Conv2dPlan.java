package dev.blindspot.engine.primitives;

/**
 * Executes a {@link Conv2dDesc}. Tensors: x, dx [n,c,h,w]; w, dw [k,c/groups,r,s]; b, db [k]; y, dy
 * [n,k,p,q].
 */
public interface Conv2dPlan extends WeightedPlan {

  @Override
  Conv2dDesc desc();
}
