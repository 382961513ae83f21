package dev.blindspot.attacks.bounds;

import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.BatchNorm;

/** The factors by which batch norm in inference multiplies channels. */
final class ChannelScale {
  private ChannelScale() {}

  /** gamma / sqrt(variance + epsilon), each within 4 u; NaN for a negative variance. */
  static double[] of(String node, BatchNorm norm, Parameters parameters) {
    double[] gamma = parameters.values(new Parameters.Key(node, "gamma"));
    double[] variance = parameters.values(new Parameters.Key(node, "variance"));
    double[] scale = new double[gamma.length];
    for (int i = 0; i < scale.length; i++) {
      scale[i] = gamma[i] / Math.sqrt(variance[i] + norm.epsilon());
    }
    return scale;
  }
}
