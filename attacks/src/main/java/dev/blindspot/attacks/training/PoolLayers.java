package dev.blindspot.attacks.training;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.data.NearestName;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Reshape;
import java.util.ArrayList;
import java.util.List;

/**
 * Layers whose outputs can have a pool: attacks stay in the box [0,1], so outputs must lie in it,
 * and the part above must read nothing else.
 */
public final class PoolLayers {
  private PoolLayers() {}

  /**
   * The input and the output of every sigmoid layer, from below; what each pool trains is above.
   */
  public static List<String> all(Network network) {
    List<String> layers = new ArrayList<>(List.of(Network.INPUT));
    for (Network.Node n : network.nodes()) {
      if (isSigmoid(n.layer()) && cut(network, n.name()) != null) {
        layers.add(n.name());
      }
    }
    return layers;
  }

  private static boolean isSigmoid(Layer layer) {
    return layer instanceof ActivationLayer a && a.activation() == Activation.SIGMOID;
  }

  /**
   * The part of a network that reads a layer's output.
   *
   * @param layer a layer's name, or {@link Network#INPUT}
   * @throws InvalidInputException if there is no such layer, its output does not lie in [0,1], or
   *     the layers above it read something else besides
   */
  public static Network above(Network network, String layer) {
    check(network, layer);
    return cut(network, layer);
  }

  /** The part that makes a layer's output; null for the input. */
  static Network below(Network network, String layer) {
    int end = index(network, layer) + 1;
    return end == 0 ? null : network.slice(0, end);
  }

  private static Network cut(Network network, String layer) {
    int from = index(network, layer) + 1;
    if (from >= network.nodes().size() || !network.nodes().get(from).inputs().contains(layer)) {
      return null;
    }
    try {
      return network.slice(from, network.nodes().size());
    } catch (InvalidInputException e) {
      return null;
    }
  }

  private static void check(Network network, String layer) {
    List<String> names = network.nodes().stream().map(Network.Node::name).toList();
    String where = "Network " + network.name() + ": ";
    if (!layer.equals(Network.INPUT) && !names.contains(layer)) {
      throw new InvalidInputException(
          where
              + "there is no layer '"
              + layer
              + "'"
              + NearestName.suggestion(layer, names)
              + " There are "
              + Network.INPUT
              + " and "
              + names);
    }
    if (!inBox(network, layer)) {
      throw new InvalidInputException(
          where
              + "the output of layer "
              + layer
              + " does not lie in [0,1], the box of the attacks that fill a pool; pools are"
              + " possible for "
              + all(network)
              + ", or put a sigmoid behind the layer");
    }
    if (cut(network, layer) == null) {
      throw new InvalidInputException(
          where
              + "the layers above "
              + layer
              + " read other outputs besides, or there are none, so they cannot be attacked from"
              + " there alone; pools are possible for "
              + all(network));
    }
  }

  private static boolean inBox(Network network, String layer) {
    String at = layer;
    while (!at.equals(Network.INPUT)) {
      Network.Node n = network.node(at);
      if (isSigmoid(n.layer())) {
        return true;
      }
      Layer l = n.layer();
      if (!(l instanceof Flatten || l instanceof Reshape || l instanceof Dropout)) {
        return false;
      }
      at = n.inputs().get(0);
    }
    return true;
  }

  private static int index(Network network, String layer) {
    for (int i = 0; i < network.nodes().size(); i++) {
      if (network.nodes().get(i).name().equals(layer)) {
        return i;
      }
    }
    return -1;
  }
}
