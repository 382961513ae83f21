package dev.blindspot.nn.training;

import dev.blindspot.nn.Network;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Dropout;
import java.util.HashMap;
import java.util.Map;

/**
 * A network with dropout put in, for training (Srivastava et al. 2014). It has the same parameters
 * as the network that it was made of, so what it learns holds there, without dropout.
 */
public final class DropoutNetwork {
  private DropoutNetwork() {}

  /**
   * The network with dropout behind its input and behind every activation.
   *
   * @param input rate for the input, 0 for none
   * @param hidden rate for the outputs of activations, 0 for none
   * @throws dev.blindspot.engine.InvalidInputException if a rate is out of range
   */
  public static Network of(Network network, double input, double hidden) {
    Network.Builder b = Network.builder(network.name() + "-dropout", network.inputShape());
    Map<String, String> read = new HashMap<>();
    read.put(Network.INPUT, Network.INPUT);
    if (input != 0) {
      drop(b, Network.INPUT, input, read);
    }
    int last = network.nodes().size() - 1;
    for (int i = 0; i <= last; i++) {
      Network.Node n = network.nodes().get(i);
      b.add(n.name(), n.layer(), n.inputs().stream().map(read::get).toArray(String[]::new));
      read.put(n.name(), n.name());
      if (hidden != 0 && i < last && n.layer() instanceof ActivationLayer) {
        drop(b, n.name(), hidden, read);
      }
    }
    return b.build();
  }

  private static void drop(
      Network.Builder b, String behind, double rate, Map<String, String> read) {
    String name = behind + "-dropout";
    b.add(name, new Dropout(rate), behind);
    read.put(behind, name);
  }
}
