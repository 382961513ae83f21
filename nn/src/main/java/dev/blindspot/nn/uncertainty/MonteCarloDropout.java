package dev.blindspot.nn.uncertainty;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Network.Node;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Dropout;
import java.util.HashMap;
import java.util.Map;

/**
 * Draws by leaving dropout on: each one by another mask (Gal and Ghahramani 2016, "Dropout as a
 * Bayesian Approximation"). The masks are keyed by the seed, the draw and the image's position.
 */
public final class MonteCarloDropout implements PredictiveDistribution {
  private static final int MOST_DRAWS = 1 << 14;

  private final int draws;
  private final Probabilities probabilities;

  /**
   * Plans the network with training behaviour.
   *
   * @param network with dropout layers, trained with them; without batch norm, which would use the
   *     batch's statistics
   * @param parameters F32, on {@code backend}; they stay open
   */
  public MonteCarloDropout(
      Network network, Parameters parameters, Backend backend, int draws, long seed) {
    check(network, draws);
    this.draws = draws;
    probabilities = new Probabilities(network, parameters, backend, true, seed);
  }

  private static void check(Network network, int draws) {
    if (draws < 1 || draws > MOST_DRAWS) {
      throw new InvalidInputException(
          "MC dropout: draws must be 1.." + MOST_DRAWS + ", not " + draws);
    }
    boolean drops =
        network.nodes().stream().anyMatch(n -> n.layer() instanceof Dropout d && d.rate() > 0);
    if (!drops) {
      throw new InvalidInputException(
          "MC dropout: network "
              + network.name()
              + " has no dropout layer, so all draws would be equal; train one that has");
    }
    for (Node n : network.nodes()) {
      if (n.layer() instanceof BatchNorm) {
        throw new InvalidInputException(
            "MC dropout: network "
                + network.name()
                + " has the batch norm "
                + n.name()
                + ", whose training behaviour mixes the images of a batch");
      }
    }
  }

  /**
   * The network with dropout behind each activation layer, under the name with "-dropout" behind
   * it. The other layers keep their names, so both run on the same {@link Parameters}; but the new
   * one wants a training of its own.
   */
  public static Network insert(Network network, double rate) {
    Network.Builder b = Network.builder(network.name() + "-dropout", network.inputShape());
    Map<String, String> ends = new HashMap<>();
    int count = 0;
    for (Node n : network.nodes()) {
      String[] inputs =
          n.inputs().stream().map(i -> ends.getOrDefault(i, i)).toArray(String[]::new);
      b.add(n.name(), n.layer(), inputs);
      if (n.layer() instanceof ActivationLayer) {
        String name = n.name() + "-dropout";
        b.add(name, new Dropout(rate), n.name());
        ends.put(n.name(), name);
        count++;
      }
    }
    if (count == 0) {
      throw new InvalidInputException(
          "Network " + network.name() + " has no activation layer to put dropout behind");
    }
    return b.build();
  }

  @Override
  public String description() {
    return "MC dropout, " + draws + " draws";
  }

  @Override
  public Prediction predict(float[] images, int n) {
    probabilities.check(images, n);
    DrawSum sum = new DrawSum(n * probabilities.classes(), probabilities.classes());
    for (int draw = 0; draw < draws; draw++) {
      sum.add(probabilities.draw(images, n, draw));
    }
    return sum.prediction();
  }

  @Override
  public void close() {
    probabilities.close();
  }
}
