package dev.blindspot.attacks;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;

/**
 * The attack of Szegedy et al. (2013, section 4.1): box-constrained L-BFGS on c ||r||^2 + loss(x +
 * r, target) with x + r in [0,1], searching the largest trade-off constant c whose minimiser still
 * has the label wanted: the smallest perturbation that the penalty gives. Each sample has its own
 * c, curvature history, active set and line search, and moves on to its next c when it has
 * converged, whatever the others do. Untargeted, the target is the class nearest by linearisation.
 *
 * <p>The loss is tau CE(z / tau). It begins at tau = 1, the paper's cross-entropy (less where the
 * clean margin is below 4), and sharpens towards the hinge max_j z_j - z_target: with several
 * classes the minimiser of the cross-entropy is pushed away from all of them and not only from the
 * one it has to pass, so that even on a linear model it is not the nearest point.
 *
 * @param memory curvature pairs of each sample
 * @param searches trade-off constants tried for each sample
 * @param iterations gradients for one trade-off constant at most
 */
public record LbfgsAttack(int memory, int searches, int iterations) implements Attack {

  public LbfgsAttack {
    if (memory < 1 || memory > 64 || searches < 1 || iterations < 1) {
      throw new InvalidInputException(
          "L-BFGS attack: memory "
              + memory
              + " (1..64), searches "
              + searches
              + " and iterations "
              + iterations
              + " (1 or more)");
    }
  }

  /** 12 trade-off constants, 30 gradients each, 8 curvature pairs. */
  public static LbfgsAttack defaults() {
    return new LbfgsAttack(8, 12, 30);
  }

  @Override
  public String name() {
    return "lbfgs";
  }

  @Override
  public Norm norm() {
    return Norm.L2;
  }

  @Override
  public AttackResult run(AttackProblem problem, AttackListener listener) {
    return Batches.run(
        problem,
        this,
        LbfgsSearch.bytes(problem, memory),
        LbfgsSearch.TENSORS,
        listener,
        (batch, heard) -> new LbfgsSearch(batch, this).run(heard));
  }

  @Override
  public String toString() {
    return "lbfgs(memory=" + memory + ", searches=" + searches + ", iterations=" + iterations + ")";
  }
}
