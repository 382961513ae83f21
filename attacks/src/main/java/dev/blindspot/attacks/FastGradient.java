package dev.blindspot.attacks;

import dev.blindspot.engine.primitives.Norm;

/**
 * One gradient step of length eps from the sample: for Linf the fast gradient sign method x + eps
 * sign(g) (Goodfellow et al. 2015), for L2 x + eps g / ||g||, for L1 eps spread over the ceil(eps)
 * largest components, since one can move by 1 at most; then clipped to the box.
 *
 * @param norm that the step is measured in
 * @param eps length of the step
 */
public record FastGradient(Norm norm, double eps) implements Attack {

  public FastGradient {
    step(norm, eps); // the same values are refused
  }

  private static ProjectedGradientDescent step(Norm norm, double eps) {
    return new ProjectedGradientDescent(norm, eps, eps, 1, 1, false);
  }

  @Override
  public String name() {
    return "fgsm";
  }

  @Override
  public AttackResult run(AttackProblem problem, AttackListener listener) {
    int components = (int) Math.min(Math.ceil(eps), problem.size());
    return DescentLoop.run(problem, this, step(norm, eps), components, listener);
  }

  @Override
  public String toString() {
    return "fgsm(norm=" + norm + ", eps=" + eps + ")";
  }
}
