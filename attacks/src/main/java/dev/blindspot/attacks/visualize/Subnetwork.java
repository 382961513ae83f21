package dev.blindspot.attacks.visualize;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.ParameterSpec;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The part of a network that a layer's activation depends on; runs on the same parameters. */
final class Subnetwork {
  private Subnetwork() {}

  /** All that node {@code last} reads, directly or not, and itself as the output. */
  static Network upTo(Network network, String last) {
    return build(network, last, network.inputShape());
  }

  /**
   * The same for inputs of another shape; empty if a layer does not take them, or would need other
   * parameters, as a dense layer does.
   */
  static Optional<Network> upTo(Network network, String last, Shape input) {
    Network resized;
    try {
      resized = build(network, last, input);
    } catch (InvalidInputException e) {
      return Optional.empty(); // asking is the only way to know: a layer may be a user's own
    }
    boolean same =
        resized.nodes().stream().allMatch(n -> shapes(n).equals(shapes(network.node(n.name()))));
    return same ? Optional.of(resized) : Optional.empty();
  }

  private static List<Shape> shapes(Network.Node node) {
    return node.parameters().stream().map(ParameterSpec::shape).toList();
  }

  private static Network build(Network network, String last, Shape input) {
    List<Network.Node> nodes = network.nodes();
    Set<String> needed = new HashSet<>(Set.of(last));
    for (int i = nodes.size() - 1; i >= 0; i--) {
      if (needed.contains(nodes.get(i).name())) {
        needed.addAll(nodes.get(i).inputs());
      }
    }
    Network.Builder b = Network.builder(network.name() + " to " + last, input);
    for (Network.Node n : nodes) {
      if (needed.contains(n.name())) {
        b.add(n.name(), n.layer(), n.inputs().toArray(String[]::new));
      }
    }
    return b.build();
  }
}
