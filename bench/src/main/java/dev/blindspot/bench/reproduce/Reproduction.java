package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.RandomTargets;
import dev.blindspot.bench.reproduce.PaperNetwork.Part;
import dev.blindspot.engine.Backend;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSplit;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What the stages share: data, trained networks, attacks. Networks and attacks are made when they
 * are first asked for and kept in the folder; another run with the same settings reads them. Owns
 * the networks' parameters. For one thread.
 */
public final class Reproduction implements AutoCloseable {
  private final Backend backend;
  private final DataSplit data;
  private final DataSet training;
  private final Scale scale;
  private final long seed;
  private final Path folder;
  private final Path alexnet;
  private final Tasks tasks;
  private final PaperNetworks networks;
  private final Map<String, TrainedNetwork> trained = new LinkedHashMap<>();

  /**
   * @param data of which the scale takes a seeded part for training; the test images are all used
   * @param folder for what is kept
   * @param alexnet ONNX file for table 5; null for the geometry as initialised
   */
  public Reproduction(
      Backend backend,
      DataSplit data,
      Scale scale,
      long seed,
      Path folder,
      Path alexnet,
      Tasks tasks) {
    this.backend = backend;
    this.data = data;
    this.scale = scale;
    this.seed = seed;
    this.folder = folder;
    this.alexnet = alexnet;
    this.tasks = tasks;
    int n = Math.min(scale.trainingImages(), data.train().size());
    training =
        n == data.train().size()
            ? data.train()
            : data.train().subset(Arrays.copyOf(data.train().shuffled(seed), n));
    networks = new PaperNetworks(training.sampleShape(), training.classes(), scale);
  }

  public Backend backend() {
    return backend;
  }

  public Scale scale() {
    return scale;
  }

  public long seed() {
    return seed;
  }

  public Tasks tasks() {
    return tasks;
  }

  /** Folder for what is kept: each stage may have files of its own there. */
  public Path folder() {
    return folder;
  }

  /** An AlexNet that the user gave as an ONNX file, or null. */
  public Path alexnet() {
    return alexnet;
  }

  /** The training images of this scale. */
  public DataSet training() {
    return training;
  }

  /** The test images. */
  public DataSet test() {
    return data.test();
  }

  /** The paper's networks. */
  public PaperNetworks networks() {
    return networks;
  }

  /** A part of the training images; the halves are those of a seeded shuffle. */
  public DataSet part(Part part) {
    if (part == Part.ALL) {
      return training;
    }
    int[] order = training.shuffled(seed + 1);
    int half = order.length / 2;
    return training.subset(
        part == Part.P1 ? Arrays.copyOf(order, half) : Arrays.copyOfRange(order, half, 2 * half));
  }

  /** The network trained, or as it was kept; owned by this object. */
  public TrainedNetwork trained(PaperNetwork network) {
    return trained.computeIfAbsent(
        network.file(),
        file -> NetworkTraining.get(network, part(network.part()), backend, seed, folder, tasks));
  }

  /** All of these trained. */
  public List<TrainedNetwork> trained(List<PaperNetwork> all) {
    return all.stream().map(this::trained).toList();
  }

  /** The first {@code count} samples of a seeded shuffle, or all there are. */
  public Samples samples(DataSet from, int count) {
    int n = Math.min(count, from.size());
    int[] index = Arrays.copyOf(from.shuffled(seed), n);
    float[] images = new float[n * from.sampleSize()];
    from.read(index, 0, n, images, 0);
    int[] labels = Arrays.stream(index).map(from::label).toArray();
    return new Samples(
        index, images, labels, RandomTargets.draw(index, labels, from.classes(), seed));
  }

  /**
   * The paper's attack on these samples, each at its target; kept in parts, so that a killed run
   * loses one.
   *
   * @param purpose names the files, with the network's
   */
  public AttackResult attack(TrainedNetwork network, String purpose, Samples samples) {
    return new AttackRun(backend, seed, folder, tasks).get(network, purpose, samples);
  }

  /**
   * A part of a stage's results: made, or as it was kept, so that a killed run loses one part.
   *
   * @param name of its file, unique in the reproduction
   * @param type a record that can be written as JSON and read back
   */
  public <R> R kept(String name, Class<R> type, Supplier<R> make) {
    Path file = folder.resolve("stages").resolve("parts").resolve(name + ".json");
    StageFile.Finished<R> found = StageFile.read(file, type);
    if (found != null) {
      return found.ours();
    }
    R made = make.get();
    StageFile.write(file, made, 0);
    return made;
  }

  @Override
  public void close() {
    trained.values().forEach(t -> t.parameters().close());
  }
}
