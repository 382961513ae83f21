package dev.blindspot.attacks.bounds;

import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Network.Node;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Reshape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Finds the chain of dense layers and activations at the end of a network. */
final class TailFinder {
  private TailFinder() {}

  /**
   * A tail in its network.
   *
   * @param first position of its first dense layer
   * @param before Lipschitz constant from the network's input to that layer's input
   */
  record Found(DenseTail tail, int first, double before) {}

  /**
   * @param logits position of the last dense layer
   * @param work most multiply-adds for one evaluation
   * @param setup most multiply-adds to prepare
   * @return null if there is no hidden layer, or the work would be too much
   */
  static Found find(
      Network network,
      Parameters parameters,
      ErrorAnalysis analysis,
      int logits,
      double work,
      double setup) {
    List<DenseTail.Layer> layers = new ArrayList<>();
    ActivationLayer pending = null;
    int first = logits;
    String name = network.nodes().get(logits - 1).name();
    while (!name.equals(Network.INPUT)) {
      Node node = network.nodes().get(analysis.position(name) - 1);
      Layer layer = node.layer();
      if (layer instanceof Linear linear) {
        layers.add(dense(node, linear, pending, parameters));
        first = analysis.position(name);
        pending = null;
      } else if (layer instanceof ActivationLayer a && pending == null) {
        pending = a;
      } else if (!(layer instanceof Flatten
          || layer instanceof Reshape
          || layer instanceof Dropout)) {
        break;
      }
      name = node.inputs().get(0);
    }
    Collections.reverse(layers);
    if (layers.size() < 2 || DenseTail.cost(layers) > work || DenseTail.setupCost(layers) > setup) {
      return null;
    }
    String input = network.nodes().get(first - 1).inputs().get(0);
    double before = analysis.constant(input);
    return before < Double.POSITIVE_INFINITY
        ? new Found(new DenseTail(layers), first, before)
        : null;
  }

  private static DenseTail.Layer dense(
      Node node, Linear linear, ActivationLayer after, Parameters parameters) {
    double[] w = parameters.values(new Parameters.Key(node.name(), "w"));
    double[] b =
        linear.bias()
            ? parameters.values(new Parameters.Key(node.name(), "b"))
            : new double[linear.k()];
    return new DenseTail.Layer(
        w,
        b,
        linear.k(),
        w.length / linear.k(),
        after == null ? null : after.activation(),
        after == null ? 0 : after.slope());
  }
}
