package dev.blindspot.bench.cli;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;

/**
 * Which attack, how strong.
 *
 * @param norm of the ball, or that is minimised
 * @param eps radius of the ball; ignored by LBFGS, which minimises
 * @param steps of PGD; 1 for FGSM; most iterations of LBFGS for one trade-off
 * @param restarts of PGD with random starts
 * @param seed of random starts
 */
record AttackSettings(Kind kind, Norm norm, double eps, int steps, int restarts, long seed) {

  /** The attacks. */
  enum Kind {
    FGSM,
    PGD,
    LBFGS
  }

  AttackSettings {
    if (!(eps > 0) || eps == Double.POSITIVE_INFINITY) {
      throw new InvalidInputException("--eps must be positive and finite, not " + eps);
    }
    if (steps < 1) {
      throw new InvalidInputException("--steps must be at least 1, not " + steps);
    }
    if (restarts < 1) {
      throw new InvalidInputException("--restarts must be at least 1, not " + restarts);
    }
    if (kind == Kind.LBFGS && norm != Norm.L2) {
      throw new InvalidInputException("--attack lbfgs minimises the L2 norm only, not " + norm);
    }
  }

  /** The paper's: the smallest change in the L2 norm. */
  static AttackSettings minimal(long seed) {
    return new AttackSettings(Kind.LBFGS, Norm.L2, 1, 100, 1, seed);
  }
}
