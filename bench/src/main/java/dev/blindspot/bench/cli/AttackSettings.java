package dev.blindspot.bench.cli;

import dev.blindspot.attacks.Attack;
import dev.blindspot.attacks.FastGradient;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.attacks.ProjectedGradientDescent;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;
import java.util.Locale;

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

  private static final double EPS = 0.1;
  private static final int PGD_STEPS = 40;

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

  /**
   * Settings from options, null where one was not given. An option that an attack has no use for is
   * refused: it would promise what does not happen.
   */
  static AttackSettings of(
      Kind kind, Norm norm, Double eps, Double stepSize, Integer steps, Integer restarts) {
    refuse(kind == Kind.LBFGS, kind, "--eps", eps);
    refuse(kind != Kind.PGD, kind, "--step-size", stepSize);
    refuse(kind == Kind.FGSM, kind, "--steps", steps);
    refuse(kind != Kind.PGD, kind, "--restarts", restarts);
    boolean minimal = kind == Kind.LBFGS;
    int usual = minimal ? LbfgsAttack.defaults().iterations() : PGD_STEPS;
    return new AttackSettings(
        kind,
        norm != null ? norm : minimal ? Norm.L2 : Norm.LINF,
        eps == null ? EPS : eps,
        stepSize,
        steps == null ? usual : steps,
        restarts == null ? 1 : restarts);
  }

  private static void refuse(boolean useless, Kind kind, String option, Object value) {
    if (useless && value != null) {
      throw new InvalidInputException(
          option + " means nothing to --attack " + kind.name().toLowerCase(Locale.ROOT));
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
