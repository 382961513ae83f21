package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Network.Node;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Forward error analysis of the float32 program of a network around a sample: a-priori bounds that
 * hold for any order of summation, with or without fused multiply-add (Higham, Accuracy and
 * Stability of Numerical Algorithms, section 3.5): |fl(Wx+b) - (Wx+b)| &lt;= gamma_n (|W||x|+|b|).
 * Convolutions may be Winograd's, with a larger matrix in place of |W|; see {@link WinogradErrors}.
 * Errors of earlier layers pass through |W|, and in norm through the layer's Lipschitz constant;
 * the smaller bound counts.
 *
 * <p>The sums of absolute values are themselves computed in double; {@link #WIDEN} covers their
 * rounding. The same bounds times {@link #DOUBLE} hold for the values computed here in double,
 * since each error term is at most proportional to the unit roundoff.
 */
final class ErrorAnalysis {
  /** u of double over u of float. */
  static final double DOUBLE = 0x1p-29;

  /** Absolute error allowed to a float sigmoid or tanh: 16 units in the last place of 1/2..1. */
  static final double ACTIVATION = 0x1p-20;

  static final double WIDEN = 1 + 0x1p-20;

  private final List<Node> nodes;
  private final Map<String, Integer> index = new HashMap<>();
  private final List<ErrorRule> rules = new ArrayList<>();
  private final double[] constants;
  private final int count;
  private final String obstacle;

  /**
   * Analyses the first {@code count} nodes.
   *
   * @param constants Lipschitz constants from the input to each node, by position
   */
  ErrorAnalysis(Network network, Parameters parameters, double[] constants, int count) {
    this.nodes = network.nodes();
    this.constants = constants;
    this.count = count;
    index.put(Network.INPUT, 0);
    String reason = null;
    for (int i = 0; i < count; i++) {
      index.put(nodes.get(i).name(), i + 1);
      ErrorRule rule = ErrorRules.of(network, nodes.get(i), parameters);
      if (rule == null && reason == null) {
        reason =
            "no error analysis for layer "
                + nodes.get(i).name()
                + " "
                + nodes.get(i).layer().kind();
      }
      rules.add(rule);
    }
    obstacle = reason;
  }

  /** Why the network cannot be analysed, or null. */
  String obstacle() {
    return obstacle;
  }

  /** Lipschitz constant from the network's input to a node. */
  double constant(String node) {
    return constants[position(node)];
  }

  /** Position of a node: 1 for the first; 0 for the input. */
  int position(String node) {
    return index.get(node);
  }

  /**
   * Signals of all nodes, by position.
   *
   * @param x the sample, exact
   * @param radius of the ball, Euclidean
   */
  Signal[] run(double[] x, double radius) {
    Signal[] signals = new Signal[count + 1];
    double[] magnitude = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      magnitude[i] = (Math.abs(x[i]) + radius) * WIDEN;
    }
    signals[0] = new Signal(x, magnitude, new double[x.length], 0, 0);
    for (int i = 1; i <= count; i++) {
      Node node = nodes.get(i - 1);
      List<Signal> inputs = new ArrayList<>();
      double into = 0;
      for (String name : node.inputs()) {
        inputs.add(signals[index.get(name)]);
        into = Math.max(into, constants[index.get(name)]);
      }
      double layer = inputs.size() == 1 ? constants[i] / into * WIDEN : Double.POSITIVE_INFINITY;
      if (!(layer >= 0)) {
        layer = Double.POSITIVE_INFINITY;
      }
      double moves = radius == 0 ? 0 : into * radius;
      Signal raw = rules.get(i - 1).apply(inputs, moves, layer);
      double norm = Math.min(raw.errorNorm(), foldedNorm(i, raw, signals));
      signals[i] = tightened(raw, norm, constants[i] * radius, bound(node.layer()));
    }
    return signals;
  }

  /** The largest absolute value a layer can give at all. */
  private static double bound(Layer layer) {
    return layer instanceof ActivationLayer a
            && (a.activation() == Activation.SIGMOID || a.activation() == Activation.TANH)
        ? 1
        : Double.POSITIVE_INFINITY;
  }

  /** |real value| also is at most |value at the sample| + L r; no error exceeds the norm of all. */
  private static Signal tightened(Signal s, double errorNorm, double reach, double bound) {
    double norm = Math.min(errorNorm, Math.sqrt(sumOfSquares(s.error())) * WIDEN);
    double[] magnitude = s.magnitude();
    double[] error = s.error();
    for (int i = 0; i < magnitude.length; i++) {
      error[i] = Math.min(error[i], norm);
      double near = (Math.abs(s.value()[i]) + error[i] * DOUBLE + reach) * WIDEN;
      if (near < magnitude[i]) {
        magnitude[i] = near;
      }
      magnitude[i] = Math.min(magnitude[i], bound);
    }
    return new Signal(s.value(), magnitude, error, norm, s.ownNorm());
  }

  /**
   * Norm of the errors behind a batch norm whose bound is that of the linear layer in front of it
   * with the scales folded in: errors of that layer's input pass both at once.
   */
  private double foldedNorm(int i, Signal raw, Signal[] signals) {
    if (!(rules.get(i - 1) instanceof ScaleErrors scale)) {
      return Double.POSITIVE_INFINITY;
    }
    int linear = index.get(nodes.get(i - 1).inputs().get(0));
    if (linear == 0 || constants[linear] < Double.POSITIVE_INFINITY) {
      return Double.POSITIVE_INFINITY;
    }
    int input = index.get(nodes.get(linear - 1).inputs().get(0));
    double both = constants[i] / constants[input] * WIDEN;
    double passed = both * signals[input].errorNorm();
    double norm = passed + scale.largest() * signals[linear].ownNorm() + raw.ownNorm();
    return norm >= 0 ? norm * WIDEN : Double.POSITIVE_INFINITY;
  }

  static double sumOfSquares(double[] a) {
    double sum = 0;
    for (double v : a) {
      sum += v * v;
    }
    return sum;
  }
}
