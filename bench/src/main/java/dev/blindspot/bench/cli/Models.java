package dev.blindspot.bench.cli;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.data.NearestName;
import dev.blindspot.nn.onnx.OnnxModel;
import dev.blindspot.nn.zoo.TrainedNetworks;
import dev.blindspot.nn.zoo.Zoo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Opens networks: trained ones of the zoo, or ONNX files. */
final class Models {
  /** The network of the paper's Table 5. */
  static final String ALEXNET = "alexnet";

  private Models() {}

  /** True if a model is a file, not a name of the zoo. */
  static boolean isFile(String model) {
    return model.endsWith(".onnx");
  }

  /** Fails if there is no such file, or no network of this name, with the nearest one. */
  static void check(String option, String model) {
    if (!isFile(model)) {
      checkName(model);
    } else if (!Files.isRegularFile(Path.of(model))) {
      throw new InvalidInputException(option + " " + model + ": no such file");
    }
  }

  private static void checkName(String name) {
    if (!Zoo.names().contains(name)) {
      throw new InvalidInputException(
          "Model '"
              + name
              + "' is not known"
              + NearestName.suggestion(name, Zoo.names())
              + " There are "
              + Zoo.names()
              + "; or give an .onnx file");
    }
  }

  /**
   * The network that the options ask for, with F32 parameters; the caller closes it.
   *
   * @param data to train a network of the zoo on; may be null for a file
   */
  static Subject open(
      ModelOptions options, DataSplit data, Backend backend, BlindspotCommand command) {
    return open(options.model, options.retrain, data, backend, command);
  }

  /**
   * A network of the zoo as initialised from the seed, with F32 parameters; the caller closes it.
   *
   * @param data to fit it to; null for AlexNet with the sizes of its article
   */
  static Subject untrained(String name, DataSplit data, Backend backend, long seed) {
    Shape sample = data == null ? Shape.of(3, 227, 227) : data.train().sampleShape();
    int classes = data == null ? 1000 : data.train().classes();
    Network network = Zoo.get(name, sample, classes).network();
    Parameters parameters = Parameters.initialize(network, backend, ElementType.F32, seed);
    return new Subject(name, network, parameters, false, 0);
  }

  /** The network of this name or file, with F32 parameters; the caller closes it. */
  static Subject open(
      String model, boolean retrain, DataSplit data, Backend backend, BlindspotCommand command) {
    if (isFile(model)) {
      OnnxModel m = OnnxModel.read(Path.of(model));
      return new Subject(model, m.network(), m.parameters(backend, ElementType.F32), false, 0);
    }
    Zoo.Entry entry = Zoo.get(model, data.train().sampleShape(), data.train().classes());
    long began = System.nanoTime();
    TrainedNetworks.Trained t;
    try (TrainingProgress progress = new TrainingProgress(command, model)) {
      t = TrainedNetworks.get(entry, data.train(), backend, command.seed, retrain, progress);
    }
    double seconds = t.cached() ? 0 : (System.nanoTime() - began) / 1e9;
    command.say(
        t.cached()
            ? "Trained network from the cache: " + t.file() + " (--retrain trains it again)"
            : String.format(Locale.ROOT, "Trained in %.1f s; kept in %s", seconds, t.file()));
    return new Subject(model, t.network(), t.parameters(), t.cached(), seconds);
  }
}
