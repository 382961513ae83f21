package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Limited-memory BFGS for n independent problems of {@code length} unknowns, each row with its own
 * curvature history: the two-loop recursion (Nocedal and Wright, Numerical Optimization, algorithm
 * 7.4) on the row's free unknowns.
 *
 * @param memory curvature pairs kept for each row, 1..64
 */
public record LbfgsDesc(ElementType type, long n, long length, int memory)
    implements Desc<LbfgsPlan> {

  public LbfgsDesc {
    Check.floating("Lbfgs", type);
    Check.rows("Lbfgs", n, length);
    Check.that(memory >= 1 && memory <= 64, "Lbfgs: memory must be in 1..64, not " + memory);
  }

  @Override
  public String summary() {
    return "Lbfgs " + type + " [" + n + "," + length + "] memory=" + memory;
  }
}
