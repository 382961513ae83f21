package dev.blindspot.bench.cli;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSplit;

/**
 * A network with its values, ready to be looked at. Owns the parameters.
 *
 * @param name as the user gave it
 * @param parameters F32, on the command's backend
 * @param cached true if it came from the cache of trained networks
 * @param trainSeconds 0 if it was read
 */
record Subject(
    String name, Network network, Parameters parameters, boolean cached, double trainSeconds)
    implements AutoCloseable {

  /** Fails if the data's images or labels do not fit the network. */
  void checkFits(DataSplit data) {
    Shape image = data.test().sampleShape();
    Shape input = network.inputShape();
    if (!network.accepts(image)) {
      throw new InvalidInputException(
          "Model " + name + " takes " + input + ", the images of " + data.name() + " are " + image);
    }
    long outputs = network.outputShape().size();
    if (outputs < data.test().classes()) {
      throw new InvalidInputException(
          "Model "
              + name
              + " has "
              + outputs
              + " outputs, "
              + data.name()
              + " has "
              + data.test().classes()
              + " classes");
    }
  }

  @Override
  public void close() {
    parameters.close();
  }
}
