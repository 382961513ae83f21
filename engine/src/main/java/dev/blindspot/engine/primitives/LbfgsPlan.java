package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes an {@link LbfgsDesc}. */
public interface LbfgsPlan extends Plan {

  @Override
  LbfgsDesc desc();

  /**
   * Stores a pair in the history of each accepted row whose curvature is usable: s.y above {@link
   * #USABLE} |s| |y| (never if one is not finite). Other rows keep their history.
   *
   * @param accept U8 [n]: rows that made a step; null for all
   * @param s step x' - x, [n,length]
   * @param y gradient difference g' - g, [n,length]
   */
  void update(Context ctx, Tensor accept, Tensor s, Tensor y, LbfgsHistory history);

  /**
   * d = -H g on the free unknowns and 0 elsewhere. Products of the recursion run over the free
   * unknowns only, and pairs whose curvature there is not usable are passed over. H starts from
   * (s.y / y.y) I of the newest usable pair; a row without one gets d = -g.
   *
   * @param g gradients [n,length]
   * @param free U8 [n,length]: unknowns that may move; null for all
   * @param d [n,length]; may be g
   */
  void direction(Context ctx, Tensor g, Tensor free, LbfgsHistory history, Tensor d);

  /** Least cosine between s and y of a usable pair. */
  double USABLE = 1e-6;
}
