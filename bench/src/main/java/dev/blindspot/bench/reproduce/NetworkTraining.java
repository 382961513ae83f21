package dev.blindspot.bench.reproduce;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.ElementType;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.Checkpoint;
import dev.blindspot.nn.training.DamagedCheckpointException;
import dev.blindspot.nn.training.Trainer;
import dev.blindspot.nn.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Trains a network of the paper, or reads it as it was kept. A killed training goes on. */
final class NetworkTraining {
  private final PaperNetwork network;
  private final DataSet training;
  private final Parameters parameters;
  private final long seed;
  private final Path folder;
  private final Tasks tasks;

  private NetworkTraining(
      PaperNetwork network,
      DataSet training,
      Parameters parameters,
      long seed,
      Path folder,
      Tasks tasks) {
    this.network = network;
    this.training = training;
    this.parameters = parameters;
    this.seed = seed;
    this.folder = folder;
    this.tasks = tasks;
  }

  static TrainedNetwork get(
      PaperNetwork network, DataSet training, Backend backend, long seed, Path root, Tasks tasks) {
    Parameters parameters =
        Parameters.initialize(network.network(), backend, ElementType.F32, seed);
    try {
      new NetworkTraining(network, training, parameters, seed, root.resolve("networks"), tasks)
          .run();
      return new TrainedNetwork(network, parameters, training);
    } catch (RuntimeException e) {
      parameters.close();
      throw e;
    }
  }

  private void run() {
    Path file = folder.resolve(network.file() + ".bin");
    String identity = identity();
    List<Parameters.Key> keys = List.copyOf(parameters.specs().keySet());
    if (Files.exists(file)) {
      restore(file, identity, keys);
      return;
    }
    Path autoencoder = folder.resolve(network.file() + ".autoencoder");
    Path checkpoint = folder.resolve(network.file() + ".checkpoint");
    try {
      train(autoencoder, checkpoint);
    } catch (DamagedCheckpointException e) {
      throw Kept.damaged(Files.exists(checkpoint) ? checkpoint : autoencoder, e.getMessage());
    }
    List<double[]> values = new ArrayList<>();
    keys.forEach(k -> values.add(parameters.values(k)));
    new Checkpoint(identity, network.recipe().epochs(), 0, values).write(file);
    delete(autoencoder);
    delete(checkpoint);
  }

  private void train(Path autoencoder, Path checkpoint) {
    if (network.autoencoder() != null) {
      try (Progress progress = new Progress("Autoencoder of " + network.name())) {
        network
            .autoencoder()
            .pretrain(
                network.network(),
                parameters,
                parameters.backend(),
                training,
                seed,
                progress,
                autoencoder);
      }
    }
    try (Progress progress = new Progress("Training " + network.name())) {
      Trainer trainer =
          new Trainer(
              network.network(),
              parameters,
              parameters.backend(),
              network.recipe(),
              seed,
              progress,
              checkpoint);
      if (network.autoencoder() == null) {
        trainer.run(training);
      } else {
        trainer.runTop(training, 2);
      }
    }
  }

  private void restore(Path file, String identity, List<Parameters.Key> keys) {
    List<double[]> values;
    try {
      values = Checkpoint.read(file, identity).values();
    } catch (DamagedCheckpointException e) {
      throw Kept.damaged(file, e.getMessage());
    }
    boolean fits = values.size() == keys.size();
    for (int i = 0; fits && i < keys.size(); i++) {
      fits = values.get(i).length == parameters.get(keys.get(i)).size();
    }
    if (!fits) {
      throw Kept.damaged(file, "its tensors are not those of " + network.name());
    }
    for (int i = 0; i < keys.size(); i++) {
      parameters.set(keys.get(i), values.get(i));
    }
  }

  private String identity() {
    return network.file()
        + " "
        + network.network().outputShape()
        + " "
        + network.recipe()
        + " "
        + network.autoencoder()
        + " "
        + training.checksum()
        + " seed "
        + seed
        + " "
        + parameters.backend().properties();
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new BlindspotException(file + ": cannot be deleted: " + e.getMessage(), e);
    }
  }

  /** A training as a task, from its first step on. */
  private final class Progress implements TrainingListener, AutoCloseable {
    private final String name;
    private Tasks.Task task;
    private String detail = "";

    Progress(String name) {
      this.name = name;
    }

    @Override
    public void step(long step, long steps, double loss) {
      if (task == null) {
        task = tasks.start(name, "steps", steps);
      }
      if (!Double.isNaN(loss)) {
        detail = String.format(Locale.ROOT, "loss %.5f", loss);
      }
      task.update(step, detail);
    }

    @Override
    public void close() {
      if (task != null) {
        task.close();
      }
    }
  }
}
