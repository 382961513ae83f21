package dev.blindspot.attacks;

import dev.blindspot.attacks.bounds.Logits;
import dev.blindspot.attacks.bounds.RoundingErrors;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import java.util.Arrays;

/**
 * The margin kappa by which an adversarial must win, so that another backend, which rounds
 * otherwise, agrees: max(1e-4, twice the a-priori rounding error of a margin at the clean sample).
 * On large networks the error is that at a grey image instead: an analysis of each sample would
 * take longer than its attack. On deep networks the bound tells nothing (it grows with the product
 * of the layers); there kappa stays at a hundredth of the sample's clean margin, and only a forward
 * pass on the other backend can tell whether it agrees.
 */
final class Confidence {
  static final double LEAST = 1e-4;
  private static final double SHARE_OF_MARGIN = 0.01;

  /** Multiply-adds of a forward pass that count as a large network. */
  private static final double LARGE = 1e6;

  private final AttackProblem problem;
  private final RoundingErrors errors;
  private final double everywhere;

  Confidence(AttackProblem problem) {
    this.problem = problem;
    Network network = Logits.of(problem.network());
    errors = new RoundingErrors(network, problem.parameters());
    float[] grey = new float[problem.size()];
    Arrays.fill(grey, 0.5f);
    everywhere = work(network) > LARGE ? errors.ofMargin(grey) : Double.NaN;
  }

  private static double work(Network network) {
    double sum = 0;
    for (Network.Node n : network.nodes()) {
      Shape out = n.outputShape();
      double pixels = out.rank() == 3 ? (double) out.dim(1) * out.dim(2) : 1;
      sum += pixels * n.parameters().stream().mapToDouble(p -> p.shape().size()).sum();
    }
    return sum;
  }

  /** kappa of clean samples from..from+count-1 with these margins. */
  float[] kappas(int from, double[] margins) {
    int n = margins.length;
    int threads = problem.backend().options().threads();
    double[] error = new double[n];
    if (Double.isNaN(everywhere)) {
      error = errors.ofMargins(problem.images(), problem.size(), from, n, threads);
    } else {
      Arrays.fill(error, everywhere);
    }
    float[] kappas = new float[n];
    for (int i = 0; i < n; i++) {
      double most = SHARE_OF_MARGIN * Math.abs(margins[i]);
      kappas[i] = (float) Math.max(LEAST, 2 * error[i] <= most ? 2 * error[i] : most);
    }
    return kappas;
  }
}
