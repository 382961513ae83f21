package dev.blindspot.bench.cli;

import dev.blindspot.attacks.training.AdversarialTrainingOptions;
import dev.blindspot.attacks.training.PoolLayers;
import dev.blindspot.attacks.training.TrainingComparison;
import dev.blindspot.attacks.training.TrainingVariant;
import dev.blindspot.attacks.training.VariantSettings;
import dev.blindspot.attacks.training.VariantTrainer;
import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.AdversarialTrainingReport;
import dev.blindspot.bench.report.AdversarialTrainingResult;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.data.NearestName;
import dev.blindspot.nn.onnx.OnnxModel;
import dev.blindspot.nn.zoo.Zoo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Weight decay, dropout and pools of adversarial examples, compared over seeds. */
@Command(
    name = "adv-train",
    sortOptions = false,
    description = {
      "Trains a network with weight decay, with dropout, with a pool of adversarial examples of its"
          + " input, and with a pool for the output of each layer, and compares the test errors over"
          + " several seeds. Finished trainings are kept; a killed one goes on from its last epoch."
    })
final class AdversarialTrainingCommand extends BlindspotCommand {
  /** Part of the training images that --validate holds out. */
  private static final double HELD_OUT = 1.0 / 6;

  private static final long HELD_OUT_SEED = 1;

  @Option(
      names = "--model",
      paramLabel = "NAME|FILE",
      defaultValue = "fc100-100-10",
      description =
          "A network of the zoo with sigmoid layers, or an .onnx file: its layers are trained, its"
              + " values are not used (default: ${DEFAULT-VALUE}).")
  private String model;

  @Mixin private DataOptions data;

  @Option(
      names = "--variant",
      paramLabel = "NAME",
      split = ",",
      description =
          "weight-decay, dropout, input-pool or layer-pools, or several separated by commas"
              + " (default: all).")
  private List<String> variants;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "3",
      description = "Trainings of each, with seeds from --seed on (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(names = "--epochs", paramLabel = "N", description = "Epochs of each (default: 40).")
  private Integer epochs;

  @Option(names = "--pool", paramLabel = "N", description = "Examples of a pool (default: 2000).")
  private Integer pool;

  @Option(
      names = "--replace",
      paramLabel = "N",
      description = "Of them, made anew before each epoch (default: 200).")
  private Integer replace;

  @Option(
      names = "--gradients",
      paramLabel = "N",
      description = "For one adversarial example at most (default: 30).")
  private Integer gradients;

  @Option(
      names = "--validate",
      description =
          "Hold out a sixth of the training images and measure on them, not on the test images: for"
              + " choosing settings.")
  private boolean validate;

  @Option(names = "--retrain", description = "Ignore trainings that are kept.")
  private boolean retrain;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for adv-train.html, a page with a chart (default: no page).")
  private Path out;

  @Option(
      names = "--save",
      paramLabel = "FILE",
      description = "Also write the network of the first seed as ONNX; with one --variant only.")
  private Path save;

  @Override
  int execute() {
    List<TrainingVariant> chosen = check();
    try (Backend backend = openBackend()) {
      DataSplit split = data.load(seed);
      Network network = network(split);
      checkLayers(network, chosen);
      run(
          backend,
          network,
          validate ? split.train().split(HELD_OUT, HELD_OUT_SEED) : split,
          chosen);
    }
    return CommandLineTool.DONE;
  }

  private List<TrainingVariant> check() {
    atLeastOne("--seeds", seeds);
    atLeastOne("--epochs", epochs);
    List<TrainingVariant> chosen =
        variants == null
            ? List.of(TrainingVariant.values())
            : variants.stream().map(AdversarialTrainingCommand::variant).distinct().toList();
    chosen.forEach(this::checkEpochs);
    data.check();
    Models.check("--model", model);
    if (out != null) {
      OutputFiles.checkFolder("--out", out);
    }
    if (save != null) {
      checkSave(chosen);
    }
    return chosen;
  }

  /** Pools that are never filled would be weight decay by another name. */
  private void checkEpochs(TrainingVariant variant) {
    VariantSettings s = settings(variant);
    boolean pools = variant == TrainingVariant.INPUT_POOL || variant == TrainingVariant.LAYER_POOLS;
    if (pools && s.recipe().epochs() <= s.pools().firstEpoch()) {
      throw new InvalidInputException(
          "--epochs "
              + epochs
              + ": pools are filled behind epoch "
              + s.pools().firstEpoch()
              + ", so "
              + variant.label()
              + " needs one more");
    }
  }

  private void checkSave(List<TrainingVariant> chosen) {
    if (chosen.size() != 1) {
      throw new InvalidInputException(
          "--save writes the network of one training; name it by --variant");
    }
    Path parent = save.toAbsolutePath().getParent();
    if (Files.isDirectory(save) || parent == null) {
      throw new InvalidInputException("--save " + save + ": is a folder, not a file");
    }
    OutputFiles.checkFolder("--save", parent);
  }

  private static void atLeastOne(String option, Integer value) {
    if (value != null && value < 1) {
      throw new InvalidInputException(option + " must be at least 1, not " + value);
    }
  }

  private static TrainingVariant variant(String name) {
    List<String> names =
        Arrays.stream(TrainingVariant.values()).map(TrainingVariant::label).toList();
    for (TrainingVariant v : TrainingVariant.values()) {
      if (v.label().equals(name)) {
        return v;
      }
    }
    throw new InvalidInputException(
        "--variant '"
            + name
            + "' is not known"
            + NearestName.suggestion(name, names)
            + " There are "
            + names);
  }

  /** The defaults with what the options change. */
  private VariantSettings settings(TrainingVariant variant) {
    VariantSettings s = VariantSettings.defaults(variant);
    AdversarialTrainingOptions p = s.pools();
    int size = pool == null ? p.capacity() : pool;
    int renewed = replace == null ? Math.min(size, p.replaced()) : replace;
    p = p.pool(size, renewed).gradients(gradients == null ? p.gradients() : gradients);
    return s.pools(p).epochs(epochs == null ? s.recipe().epochs() : epochs);
  }

  private Network network(DataSplit split) {
    Network network =
        Models.isFile(model)
            ? OnnxModel.read(Path.of(model)).network()
            : Zoo.get(model, split.train().sampleShape(), split.train().classes()).network();
    if (!network.accepts(split.train().sampleShape())) {
      throw new InvalidInputException(
          "Model "
              + model
              + " takes "
              + network.inputShape()
              + ", the images of "
              + split.name()
              + " are "
              + split.train().sampleShape());
    }
    return network;
  }

  /** Before anything is trained: a comparison needs a layer that can have a pool. */
  private void checkLayers(Network network, List<TrainingVariant> chosen) {
    if (chosen.contains(TrainingVariant.LAYER_POOLS) && PoolLayers.all(network).size() < 2) {
      throw new InvalidInputException(
          "Model "
              + model
              + " has no hidden layer whose output lies in [0,1], the box of the attacks: a pool is"
              + " possible for its input only. Take a network with sigmoid layers, as fc100-100-10,"
              + " or leave out --variant layer-pools");
    }
  }

  private void run(
      Backend backend, Network network, DataSplit split, List<TrainingVariant> chosen) {
    long began = System.nanoTime();
    List<Long> all = LongStream.range(seed, seed + seeds).boxed().toList();
    VariantTrainer trainer =
        new VariantTrainer(
            network, split.train(), backend, CacheFolder.root().resolve("adv-train"));
    TrainingComparison comparison =
        new TrainingComparison(network, backend, trainer, split.train(), split.test());
    List<TrainingComparison.Result> results;
    try (ComparisonProgress progress = new ComparisonProgress(this, network, save)) {
      results = comparison.run(chosen, this::settings, all, retrain, progress);
    }
    AdversarialTrainingOptions pools = settings(chosen.get(0)).pools();
    report(
        new AdversarialTrainingResult(
            AdversarialTrainingResult.FORMAT,
            Version.program(),
            commandLine(),
            backend.name(),
            "FP32",
            threadCount(),
            seed,
            model,
            split.name(),
            split.train().size(),
            validate ? "validation" : "test",
            split.test().size(),
            all,
            settings(chosen.get(0)).recipe().epochs(),
            pools.capacity(),
            pools.replaced(),
            pools.gradients(),
            AdversarialTrainingResult.variants(results, split.name().startsWith("mnist")),
            (System.nanoTime() - began) / 1e9));
  }

  private void report(AdversarialTrainingResult r) {
    ComparisonTable.lines(r).forEach(this::print);
    print(AdversarialTrainingReport.sentence(r));
    if (save != null) {
      print("Network of seed " + seed + ": " + save);
    }
    if (out != null) {
      AdversarialTrainingReport.write(out, r);
      print("Page: " + out.resolve("adv-train.html"));
    }
    writeJson(r);
  }
}
