package dev.blindspot.attacks;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;

/**
 * Projected gradient descent on the cross-entropy inside a ball round the sample (Kurakin et al.
 * 2017; Madry et al. 2018): x &lt;- P(x + stepSize d) with the exact projection P on the
 * intersection of ball and box. d is sign(g) for Linf, g / ||g|| for L2, and for L1 the sign of the
 * largest hundredth of the components that can move, divided by their number (Tramer and Boneh
 * 2019). The cross-entropy of the true label rises or, where labels are aimed at, that of the
 * target falls. A sample is finished with its first success.
 *
 * @param norm of the ball
 * @param eps radius of the ball
 * @param stepSize length of a step in that norm
 * @param steps gradients of one start at most
 * @param restarts starts; those after the first are always random
 * @param randomStart begins at a random point of the ball, not at the sample
 */
public record ProjectedGradientDescent(
    Norm norm, double eps, double stepSize, int steps, int restarts, boolean randomStart)
    implements Attack {
  /** One in so many components moves in a step of L1. */
  private static final int SPARSITY = 100;

  public ProjectedGradientDescent {
    if (!(eps > 0 && eps < Double.POSITIVE_INFINITY)) {
      throw new InvalidInputException("PGD: eps must be positive and finite, not " + eps);
    }
    if (steps < 1 || restarts < 1) {
      throw new InvalidInputException(
          "PGD: steps " + steps + " and restarts " + restarts + " must be 1 or more");
    }
    if (!(stepSize > 0 && stepSize < Double.POSITIVE_INFINITY)) {
      throw new InvalidInputException("PGD: stepSize must be positive and finite, not " + stepSize);
    }
  }

  /** A random start and steps of 2.5 eps / steps: they can cross the ball. */
  public static ProjectedGradientDescent of(Norm norm, double eps, int steps) {
    return new ProjectedGradientDescent(norm, eps, 2.5 * eps / steps, steps, 1, true);
  }

  public ProjectedGradientDescent stepSize(double s) {
    return new ProjectedGradientDescent(norm, eps, s, steps, restarts, randomStart);
  }

  public ProjectedGradientDescent restarts(int r) {
    return new ProjectedGradientDescent(norm, eps, stepSize, steps, r, randomStart);
  }

  public ProjectedGradientDescent randomStart(boolean random) {
    return new ProjectedGradientDescent(norm, eps, stepSize, steps, restarts, random);
  }

  @Override
  public String name() {
    return "pgd";
  }

  @Override
  public AttackResult run(AttackProblem problem, AttackListener listener) {
    int components = Math.max(1, problem.size() / SPARSITY);
    return DescentLoop.run(problem, this, this, components, listener);
  }

  @Override
  public String toString() {
    return "pgd(norm="
        + norm
        + ", eps="
        + eps
        + ", stepSize="
        + stepSize
        + ", steps="
        + steps
        + ", restarts="
        + restarts
        + ", randomStart="
        + randomStart
        + ")";
  }
}
