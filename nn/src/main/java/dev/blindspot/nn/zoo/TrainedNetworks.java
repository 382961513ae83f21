package dev.blindspot.nn.zoo;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.Checksum;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.Checkpoint;
import dev.blindspot.nn.training.DamagedCheckpointException;
import dev.blindspot.nn.training.Recipe;
import dev.blindspot.nn.training.Trainer;
import dev.blindspot.nn.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Trained networks of the zoo, kept in the cache folder under a name made of model, data, seed,
 * recipe, backend and version.
 */
public final class TrainedNetworks {
  /** Raised when training gives other numbers than before. */
  private static final int VERSION = 1;

  private TrainedNetworks() {}

  /**
   * A trained network.
   *
   * @param parameters owned by the caller
   * @param file where it is kept
   * @param cached true if it was read, not trained
   */
  public record Trained(Network network, Parameters parameters, Path file, boolean cached)
      implements AutoCloseable {
    @Override
    public void close() {
      parameters.close();
    }
  }

  /**
   * The network from the cache, or trained and put there. A damaged file is reported in the log and
   * trained anew. Two processes or threads may train the same network at once; each file appears
   * whole.
   *
   * @param retrain ignore what the cache holds
   * @throws InvalidInputException if the data does not fit the network, or the cache folder cannot
   *     be written
   */
  public static Trained get(
      Zoo.Entry entry,
      DataSet data,
      Backend backend,
      long seed,
      boolean retrain,
      TrainingListener listener) {
    Path folder = CacheFolder.root().resolve("models");
    return get(folder, entry, data, backend, seed, retrain, listener);
  }

  static Trained get(
      Path folder,
      Zoo.Entry entry,
      DataSet data,
      Backend backend,
      long seed,
      boolean retrain,
      TrainingListener listener) {
    String identity = identity(entry, data, backend, seed);
    Path file =
        folder.resolve(
            entry.network().name() + "-" + Checksum.sha256(identity).substring(0, 20) + ".bin");
    Parameters parameters = Parameters.initialize(entry.network(), backend, ElementType.F32, seed);
    try {
      if (!retrain && Files.exists(file) && restore(parameters, file, identity)) {
        return new Trained(entry.network(), parameters, file, true);
      }
      Path checkpoint = file.resolveSibling(file.getFileName() + ".checkpoint");
      if (retrain) {
        Files.deleteIfExists(checkpoint);
      }
      train(entry, data, parameters, seed, checkpoint, listener);
      List<double[]> values = new ArrayList<>();
      parameters.specs().keySet().forEach(k -> values.add(parameters.values(k)));
      new Checkpoint(identity, entry.recipe().epochs(), 0, values).write(file);
      Files.deleteIfExists(checkpoint);
      return new Trained(entry.network(), parameters, file, false);
    } catch (IOException e) {
      parameters.close();
      throw new InvalidInputException("cannot change the cache folder " + folder + ": " + e, e);
    } catch (RuntimeException e) {
      parameters.close();
      throw e;
    }
  }

  /** Trains with a checkpoint beside the file to come, so that a kill costs one epoch at most. */
  private static void train(
      Zoo.Entry entry,
      DataSet data,
      Parameters parameters,
      long seed,
      Path checkpoint,
      TrainingListener listener)
      throws IOException {
    Recipe recipe = entry.recipe();
    Trainer trainer =
        new Trainer(
            entry.network(), parameters, parameters.backend(), recipe, seed, listener, checkpoint);
    try {
      trainer.run(data);
    } catch (DamagedCheckpointException e) {
      warn("training starts anew: " + e.getMessage());
      Files.deleteIfExists(checkpoint);
      trainer.run(data);
    }
  }

  private static void warn(String message) {
    System.getLogger("dev.blindspot.nn").log(System.Logger.Level.WARNING, message);
  }

  /** False, with a line in the log, if the file is damaged: it is then made anew. */
  private static boolean restore(Parameters parameters, Path file, String identity) {
    try {
      List<double[]> values = Checkpoint.read(file, identity).values();
      List<Parameters.Key> keys = List.copyOf(parameters.specs().keySet());
      boolean fits = values.size() == keys.size();
      for (int i = 0; fits && i < keys.size(); i++) {
        fits = values.get(i).length == parameters.get(keys.get(i)).size();
      }
      if (!fits) {
        throw new InvalidInputException(file + " holds other tensors than " + keys);
      }
      for (int i = 0; i < keys.size(); i++) {
        parameters.set(keys.get(i), values.get(i));
      }
      return true;
    } catch (InvalidInputException e) {
      warn("cached network ignored: " + e.getMessage());
      return false;
    }
  }

  private static String identity(Zoo.Entry e, DataSet data, Backend backend, long seed) {
    return "v"
        + VERSION
        + " "
        + e.network().name()
        + " "
        + e.network().inputShape()
        + " "
        + e.network().outputShape()
        + " "
        + data.checksum()
        + " seed "
        + seed
        + " "
        + e.recipe()
        + " "
        + backend.properties();
  }
}
