package dev.blindspot.attacks.bounds;

import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import java.util.Arrays;

/**
 * A-priori rounding errors of a network's float32 program at single samples, in strict FP32 with
 * products summed in any order, or convolutions by Winograd's F(2x2, 3x3): what two correct
 * backends may differ by. Reads the parameters once. Immutable; may be shared by threads.
 */
public final class RoundingErrors {
  private final ErrorAnalysis analysis;

  public RoundingErrors(Network network, Parameters parameters) {
    int nodes = network.nodes().size();
    // Without Lipschitz constants the componentwise bounds alone count: quick to have.
    double[] constants = new double[nodes + 1];
    Arrays.fill(constants, Double.POSITIVE_INFINITY);
    constants[0] = 1;
    analysis = new ErrorAnalysis(network, parameters, constants, nodes);
  }

  /**
   * {@link #ofMargin} of samples that lie one behind the other.
   *
   * @param size of one sample
   * @param threads to share the work
   */
  public double[] ofMargins(float[] samples, int size, int from, int count, int threads) {
    double[] errors = new double[count];
    Workers.run(
        threads,
        count,
        () ->
            i -> {
              int at = (from + i) * size;
              errors[i] = ofMargin(Arrays.copyOfRange(samples, at, at + size));
            });
    return errors;
  }

  /**
   * Upper bound of the error of the difference of any two outputs at x; infinite if a layer has no
   * error analysis, or (a norm of the whole vector) none without its Lipschitz constant.
   */
  public double ofMargin(float[] x) {
    if (analysis.obstacle() != null) {
      return Double.POSITIVE_INFINITY;
    }
    double[] sample = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      sample[i] = x[i];
    }
    Signal[] signals = analysis.run(sample, 0);
    double[] error = signals[signals.length - 1].error().clone();
    Arrays.sort(error);
    int n = error.length;
    double sum = (n > 1 ? error[n - 1] + error[n - 2] : error[0]) * ErrorAnalysis.WIDEN;
    return sum >= 0 ? sum : Double.POSITIVE_INFINITY;
  }
}
