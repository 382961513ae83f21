package dev.blindspot.attacks.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Checksum;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.Checkpoint;
import dev.blindspot.nn.training.DamagedCheckpointException;
import dev.blindspot.nn.training.DropoutNetwork;
import dev.blindspot.nn.training.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Trains one network by each {@link TrainingVariant}, from fresh values of a seed. Finished
 * trainings are kept in a folder; one that was killed goes on from its last epoch. For one thread.
 */
public final class VariantTrainer {
  /** Raised when training gives other numbers than before. */
  private static final int VERSION = 1;

  private final Network network;
  private final DataSet data;
  private final Backend backend;
  private final Path folder;

  /**
   * A trained network.
   *
   * @param parameters owned by the caller
   * @param cached true if it was read, not trained
   * @param seconds of its training; of the last part if it was resumed
   */
  public record Trained(Parameters parameters, boolean cached, double seconds)
      implements AutoCloseable {
    @Override
    public void close() {
      parameters.close();
    }
  }

  /**
   * @param network ends in logits
   * @param data to train on
   * @param folder for finished and unfinished trainings; made if needed
   */
  public VariantTrainer(Network network, DataSet data, Backend backend, Path folder) {
    this.network = network;
    this.data = data;
    this.backend = backend;
    this.folder = folder;
  }

  /**
   * The network trained by a variant, from the folder or now.
   *
   * @param seed of initial values and of everything random
   * @param retrain ignore what the folder holds
   * @throws InvalidInputException if the data does not fit, a layer can have no pool, or the folder
   *     cannot be written
   * @throws DamagedCheckpointException if a file of this training is damaged; nothing is changed
   */
  public Trained train(
      TrainingVariant variant,
      VariantSettings settings,
      long seed,
      boolean retrain,
      AdversarialTrainingListener listener) {
    Parameters p = Parameters.initialize(network, backend, ElementType.F32, seed);
    try {
      String identity = identity(variant, settings, seed, p);
      String name = variant.label() + "-" + Checksum.sha256(identity).substring(0, 20);
      Path file = folder.resolve(name + ".bin");
      Path checkpoint = folder.resolve(name + ".checkpoint");
      if (retrain) {
        Files.deleteIfExists(file);
        Files.deleteIfExists(checkpoint);
      }
      if (Files.exists(file)) {
        return new Trained(p, true, restore(p, file, identity));
      }
      long began = System.nanoTime();
      run(variant, settings, seed, p, checkpoint, listener);
      double seconds = (System.nanoTime() - began) / 1e9;
      List<double[]> values = new ArrayList<>();
      p.specs().keySet().forEach(k -> values.add(p.values(k)));
      values.add(new double[] {seconds});
      new Checkpoint(identity, settings.recipe().epochs(), 0, values).write(file);
      Files.deleteIfExists(checkpoint);
      return new Trained(p, false, seconds);
    } catch (IOException e) {
      p.close();
      throw new InvalidInputException("cannot change the folder " + folder + ": " + e, e);
    } catch (RuntimeException e) {
      p.close();
      throw e;
    }
  }

  private void run(
      TrainingVariant variant,
      VariantSettings s,
      long seed,
      Parameters p,
      Path checkpoint,
      AdversarialTrainingListener listener) {
    switch (variant) {
      case WEIGHT_DECAY ->
          new Trainer(network, p, backend, s.recipe(), seed, listener, checkpoint).run(data);
      case DROPOUT -> {
        Network dropping = DropoutNetwork.of(network, s.inputDropout(), s.hiddenDropout());
        new Trainer(dropping, p, backend, s.recipe(), seed, listener, checkpoint).run(data);
      }
      case INPUT_POOL ->
          pools(s, s.pools().forLayers(Network.INPUT), seed, p, checkpoint, listener);
      case LAYER_POOLS -> pools(s, s.pools().forLayers(), seed, p, checkpoint, listener);
      default -> throw new IllegalStateException("unknown variant " + variant);
    }
  }

  private void pools(
      VariantSettings s,
      AdversarialTrainingOptions options,
      long seed,
      Parameters p,
      Path checkpoint,
      AdversarialTrainingListener listener) {
    new AdversarialTraining(network, p, backend, s.recipe(), options, seed, listener, checkpoint)
        .run(data);
  }

  /** Seconds of the training that the file holds. */
  private double restore(Parameters p, Path file, String identity) {
    List<double[]> values = Checkpoint.read(file, identity).values();
    List<Parameters.Key> keys = List.copyOf(p.specs().keySet());
    boolean fits = values.size() == keys.size() + 1 && values.get(keys.size()).length == 1;
    for (int i = 0; fits && i < keys.size(); i++) {
      fits = values.get(i).length == p.get(keys.get(i)).size();
    }
    if (!fits) {
      throw new InvalidInputException(
          file + " holds other tensors than " + keys + ". Delete it to train afresh");
    }
    for (int i = 0; i < keys.size(); i++) {
      p.set(keys.get(i), values.get(i));
    }
    return values.get(keys.size())[0];
  }

  /** Everything that the trained values depend on; layers count by what they start from. */
  private String identity(
      TrainingVariant variant, VariantSettings settings, long seed, Parameters initial) {
    StringBuilder s = new StringBuilder("adversarial training v" + VERSION);
    s.append(' ').append(variant.label()).append(' ').append(settings.describe(variant));
    s.append(" seed ").append(seed).append(' ').append(data.checksum());
    s.append(' ').append(backend.properties()).append(' ').append(network.inputShape());
    for (Network.Node n : network.nodes()) {
      s.append(' ').append(n.name()).append(' ').append(n.layer().kind());
      s.append(n.inputs()).append(n.outputShape());
    }
    long values = 0;
    for (Parameters.Key k : initial.specs().keySet()) {
      values = Seeds.mix(values, Arrays.hashCode(initial.values(k)));
    }
    return s.append(' ').append(values).toString();
  }
}
