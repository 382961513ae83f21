package dev.blindspot.attacks;

import dev.blindspot.attacks.bounds.Logits;
import dev.blindspot.attacks.bounds.RoundingErrors;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import java.util.Arrays;

/**
 * The margin kappa by which an adversarial must win, so that another backend, which rounds
 * otherwise, agrees: max(1e-4, twice the a-priori rounding error of a margin at the clean sample).
 * On large networks the error is that at a grey image instead: an analysis of each sample would
 * take longer than its attack. On deep networks the bound tells nothing (it grows with the product
 * of the layers); there kappa stays at a hundredth of the sample's clean margin, and only a forward
 * pass on the other backend can tell whether it agrees.
 *
 * <p>The analysis reads the parameters once: after they changed another is needed. Immutable; may
 * be shared by threads. Made by {@link AttackProblem#prepared}.
 */
public final class Confidence {
  static final double LEAST = 1e-4;
  private static final double SHARE_OF_MARGIN = 0.01;

  /** Multiply-adds of a forward pass that count as a large network. */
  private static final double LARGE = 1e6;

  private final Network network;
  private final Parameters parameters;
  private final RoundingErrors errors; // null where `everywhere` is enough
  private final double everywhere; // NaN: of each sample
  private final float[] images; // whose errors are known; null: none
  private final double[] known;

  /** The problem's, or of a new analysis if it has none. */
  static Confidence of(AttackProblem problem) {
    return problem.confidence() == null ? new Confidence(problem) : problem.confidence();
  }

  private Confidence(AttackProblem problem) {
    network = problem.network();
    parameters = problem.parameters();
    Network logits = Logits.of(network);
    RoundingErrors all = new RoundingErrors(logits, parameters);
    boolean large = work(logits) > LARGE;
    errors = large ? null : all;
    float[] grey = new float[problem.size()];
    Arrays.fill(grey, 0.5f);
    everywhere = large ? all.ofMargin(grey) : Double.NaN;
    images = null;
    known = null;
  }

  private Confidence(Confidence c, AttackProblem problem) {
    network = c.network;
    parameters = c.parameters;
    errors = c.errors;
    everywhere = c.everywhere;
    images = problem.images();
    known = errors == null ? null : c.errors(problem, 0, problem.count());
  }

  /** With the errors of the problem's samples known. */
  Confidence prepared(AttackProblem problem) {
    return images == problem.images() ? this : new Confidence(this, problem);
  }

  /** Whether it is of this network with these parameters. */
  boolean isOf(Network n, Parameters p) {
    return network == n && parameters == p;
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

  private double[] errors(AttackProblem problem, int from, int count) {
    if (errors == null) {
      double[] same = new double[count];
      Arrays.fill(same, everywhere);
      return same;
    }
    if (known != null && images == problem.images()) {
      return Arrays.copyOfRange(known, from, from + count);
    }
    int threads = problem.backend().options().threads();
    return errors.ofMargins(problem.images(), problem.size(), from, count, threads);
  }

  /** kappa of clean samples from..from+count-1 with these margins. */
  float[] kappas(AttackProblem problem, int from, double[] margins) {
    int n = margins.length;
    double[] error = errors(problem, from, n);
    float[] kappas = new float[n];
    for (int i = 0; i < n; i++) {
      double most = SHARE_OF_MARGIN * Math.abs(margins[i]);
      kappas[i] = (float) Math.max(LEAST, 2 * error[i] <= most ? 2 * error[i] : most);
    }
    return kappas;
  }
}
