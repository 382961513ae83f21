package dev.blindspot.nn.zoo;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.Checkpoint;
import dev.blindspot.nn.training.Trainer;
import dev.blindspot.nn.training.TrainingListener;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
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
   * The network from the cache, or trained and put there.
   *
   * @param retrain ignore what the cache holds
   */
  public static Trained get(
      Zoo.Entry entry,
      DataSet data,
      Backend backend,
      long seed,
      boolean retrain,
      TrainingListener listener) {
    String identity = identity(entry, data, backend, seed);
    Path file =
        CacheFolder.root()
            .resolve("models")
            .resolve(entry.network().name() + "-" + hash(identity).substring(0, 20) + ".bin");
    Parameters parameters = Parameters.initialize(entry.network(), backend, ElementType.F32, seed);
    try {
      if (!retrain && Files.exists(file) && restore(parameters, file, identity)) {
        return new Trained(entry.network(), parameters, file, true);
      }
      new Trainer(entry.network(), parameters, backend, entry.recipe(), seed, listener, null)
          .run(data);
      List<double[]> values = new ArrayList<>();
      parameters.specs().keySet().forEach(k -> values.add(parameters.values(k)));
      new Checkpoint(identity, entry.recipe().epochs(), 0, values).write(file);
      return new Trained(entry.network(), parameters, file, false);
    } catch (RuntimeException e) {
      parameters.close();
      throw e;
    }
  }

  /** False, with a line in the log, if the file is damaged: it is then made anew. */
  private static boolean restore(Parameters parameters, Path file, String identity) {
    try {
      List<double[]> values = Checkpoint.read(file, identity).values();
      int i = 0;
      for (Parameters.Key k : parameters.specs().keySet()) {
        parameters.set(k, values.get(i++));
      }
      return true;
    } catch (InvalidInputException | IndexOutOfBoundsException e) {
      System.getLogger("dev.blindspot.nn")
          .log(System.Logger.Level.WARNING, "cached network ignored: " + e.getMessage());
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

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
