package dev.blindspot.attacks;

import dev.blindspot.attacks.bounds.RoundingErrors;
import java.util.Arrays;

/**
 * The margin kappa by which an adversarial must win, so that another backend, which rounds
 * otherwise, agrees: max(1e-4, twice the a-priori rounding error of a margin). The error is that of
 * the worst of a few clean samples. On deep networks the bound tells nothing (it grows with the
 * product of the layers); there kappa stays below a hundredth of the sample's own clean margin, and
 * only a forward pass on the other backend can tell whether it agrees.
 */
final class Confidence {
  static final double LEAST = 1e-4;
  private static final double SHARE_OF_MARGIN = 0.01;
  private static final int LOOKED_AT = 4;

  private Confidence() {}

  /** Twice the rounding error, or infinity where it is not known. */
  static double wanted(AttackProblem problem) {
    RoundingErrors errors = new RoundingErrors(Logits.of(problem.network()), problem.parameters());
    int size = problem.size();
    double largest = 0;
    for (int i = 0; i < Math.min(LOOKED_AT, problem.count()); i++) {
      float[] x = Arrays.copyOfRange(problem.images(), i * size, (i + 1) * size);
      double error = errors.ofMargin(x);
      largest = error <= largest ? largest : error;
    }
    return 2 * largest;
  }

  /** kappa of a sample with this clean margin. */
  static float of(double wanted, double margin) {
    double most = SHARE_OF_MARGIN * Math.abs(margin);
    return (float) Math.max(LEAST, wanted <= most ? wanted : most);
  }
}
