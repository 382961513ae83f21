package dev.blindspot.bench.cli;

import dev.blindspot.attacks.Attack;
import dev.blindspot.attacks.FastGradient;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.attacks.ProjectedGradientDescent;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;

/**
 * Which attack, how strong.
 *
 * @param norm of the ball, or that is minimised
 * @param eps radius of the ball; ignored by LBFGS, which minimises
 * @param stepSize of PGD; null for its usual 2.5 eps / steps
 * @param steps of PGD; most gradients of LBFGS for one trade-off constant; ignored by FGSM
 * @param restarts of PGD with random starts
 */
record AttackSettings(Kind kind, Norm norm, double eps, Double stepSize, int steps, int restarts) {

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
    if (stepSize != null && !(stepSize > 0 && stepSize < Double.POSITIVE_INFINITY)) {
      throw new InvalidInputException("--step-size must be positive and finite, not " + stepSize);
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

  /** The attack itself. */
  Attack attack() {
    LbfgsAttack usual = LbfgsAttack.defaults();
    return switch (kind) {
      case LBFGS -> new LbfgsAttack(usual.memory(), usual.searches(), steps);
      case PGD -> {
        ProjectedGradientDescent pgd = ProjectedGradientDescent.of(norm, eps, steps);
        yield (stepSize == null ? pgd : pgd.stepSize(stepSize)).restarts(restarts);
      }
      case FGSM -> new FastGradient(norm, eps);
    };
  }
}
