package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.transfer.NamedNetwork;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;

/**
 * A network of the paper with its values. The reproduction owns the parameters.
 *
 * @param training images that it was trained on
 */
public record TrainedNetwork(PaperNetwork of, Parameters parameters, DataSet training) {

  /** As the paper's tables write it. */
  public String name() {
    return of.name();
  }

  /** The name with the half that it was trained on, if it was not all: no two are equal. */
  public String label() {
    return of.part() == PaperNetwork.Part.ALL ? name() : name() + " (" + of.part() + ")";
  }

  public Network network() {
    return of.network();
  }

  /** For comparisons. */
  public NamedNetwork named() {
    return new NamedNetwork(name(), network(), parameters);
  }
}
