package dev.blindspot.attacks.inspect;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.data.NearestName;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Reshape;
import java.util.List;

/** Finds layers of a network by name, and the one that the paper calls phi. */
public final class HiddenLayers {
  private HiddenLayers() {}

  /**
   * Fails if there is no layer of this name, with the nearest one.
   *
   * @throws InvalidInputException as said
   */
  public static void check(Network network, String layer) {
    List<String> names = network.nodes().stream().map(Network.Node::name).toList();
    if (!names.contains(layer)) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + " has no layer '"
              + layer
              + "'"
              + NearestName.suggestion(layer, names)
              + " There are "
              + names);
    }
  }

  /**
   * The last hidden layer: whose activation the last dense layer reads, looking through layers that
   * change no value in inference.
   *
   * @throws InvalidInputException if there is no dense layer, or the last one reads the input
   */
  public static String last(Network network) {
    String dense = null;
    for (Network.Node n : network.nodes()) {
      dense = n.layer() instanceof Linear ? n.name() : dense;
    }
    if (dense == null) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + " has no dense layer, so its last hidden layer is not known; name a layer of "
              + network.nodes().stream().map(Network.Node::name).toList());
    }
    String read = network.node(dense).inputs().get(0);
    while (!read.equals(Network.INPUT) && keepsValues(network.node(read).layer())) {
      read = network.node(read).inputs().get(0);
    }
    if (read.equals(Network.INPUT)) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + " has no hidden layer: its last dense layer, "
              + dense
              + ", reads the input; inspect that layer by its name, or take another network");
    }
    return read;
  }

  private static boolean keepsValues(Layer layer) {
    return layer instanceof Flatten || layer instanceof Reshape || layer instanceof Dropout;
  }
}
