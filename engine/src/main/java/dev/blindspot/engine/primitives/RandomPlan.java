package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/**
 * Executes a {@link RandomDesc} with the counter-based Philox4x32-10 (Salmon et al. 2011). Equal
 * keys give equal bits on every backend.
 *
 * <p>The key of Philox is the seed (low word first), its counter is (block, sample, step, stream).
 * Element j of an F32 row takes word w = j mod 4 of block j / 4; u = (w >> 8) 2^-24, and a normal
 * number is the quantile (Wichura's AS 241 in double) of (w + 1/2) 2^-32. Element j of an F64 row
 * takes words 2 (j mod 2) and the next (the high one) of block j / 2 as w; u = (w >> 11) 2^-53, and
 * the quantile is of ((w >> 12) + 1/2) 2^-52. a + (b - a) u and a + b z are formed in double, each
 * operation rounded; a uniform number that rounding would take to b becomes its predecessor.
 */
public interface RandomPlan extends Plan {

  /** y [n,length]; the sample and step tensors of the key may not overlap it. */
  void execute(Context ctx, RandomKey key, Tensor y);
}
