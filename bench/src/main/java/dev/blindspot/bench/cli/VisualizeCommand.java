package dev.blindspot.bench.cli;

import dev.blindspot.attacks.visualize.Objective;
import dev.blindspot.attacks.visualize.Visualization;
import dev.blindspot.attacks.visualize.VisualizationOptions;
import dev.blindspot.attacks.visualize.VisualizationOptions.Optimizer;
import dev.blindspot.attacks.visualize.VisualizationOptions.Parameterization;
import dev.blindspot.attacks.visualize.Visualizer;
import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.bench.report.VisualizationReport;
import dev.blindspot.bench.report.VisualizationResult;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.data.ImageFolder;
import dev.blindspot.nn.zoo.Zoo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Pictures that excite a channel, a unit, a class or a whole layer, by ascent in the input. */
@Command(
    name = "visualize",
    sortOptions = false,
    description = {
      "Climbs from noise or from an image to pictures that excite channels, units, classes or a"
          + " whole layer (DeepDream) of a network, and writes them with a page. Without any of"
          + " --channel, --unit, --class and --dream: one picture for each of the first classes."
    })
final class VisualizeCommand extends BlindspotCommand {
  private static final int USUAL_CLASSES = 16;

  @Mixin private ModelOptions subject;

  @Option(
      names = "--layer",
      paramLabel = "NAME",
      description = "Layer that --channel, --unit and --dream look at.")
  private String layer;

  @Option(
      names = "--channel",
      paramLabel = "N",
      split = ",",
      description = "Channels of the layer: their mean over the plane.")
  private List<Integer> channels;

  @Option(
      names = "--unit",
      paramLabel = "N",
      split = ",",
      description = "Elements of the layer's flattened activation.")
  private List<Integer> units;

  @Option(names = "--class", paramLabel = "N", split = ",", description = "Classes: their logits.")
  private List<Integer> classes;

  @Option(names = "--dream", description = "The mean square of the whole layer, as DeepDream.")
  private boolean dream;

  @Option(
      names = "--from",
      paramLabel = "INDEX|FILE",
      description = "Begin at this test image, or this PNG or JPEG file (default: grey noise).")
  private String from;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Gradients in each octave (default: 128; with --dream 10).")
  private Integer steps;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      description =
          "adam, or normalized: the gradient with the step size as its RMS"
              + " (default: adam; with --dream normalized).")
  private Optimizer optimizer;

  @Option(
      names = "--step-size",
      paramLabel = "S",
      description = "Of the optimiser (default: 0.05 for adam, 0.02 for normalized).")
  private Double stepSize;

  @Option(
      names = "--octaves",
      paramLabel = "N",
      description = "Sizes to climb at, the smallest first (default: 1; with --dream 4).")
  private Integer octaves;

  @Option(
      names = "--octave-scale",
      paramLabel = "S",
      description = "Ratio of two sizes (default: 1.4).")
  private Double octaveScale;

  @Option(
      names = "--jitter",
      paramLabel = "N",
      description = "Roll the image by up to N pixels (default: a sixteenth of its shorter side).")
  private Integer jitter;

  @Option(
      names = "--tv",
      paramLabel = "WEIGHT",
      defaultValue = "0",
      description = "Weight of the total variation as a penalty (default: ${DEFAULT-VALUE}).")
  private double totalVariation;

  @Option(names = "--fourier", description = "Change Fourier coefficients instead of pixels.")
  private boolean fourier;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "blindspot-visualize",
      description = "Folder for visualize.html and the PNG files (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Override
  int execute() {
    check();
    try (Backend backend = openBackend()) {
      DataSplit data = needsData() ? subject.loadData(seed) : null;
      if (!subject.isFile()) {
        // Before the network is trained.
        DataSet train = data.train();
        Network network = Zoo.get(subject.model, train.sampleShape(), train.classes()).network();
        prepare(network, data);
      }
      try (Subject network = Models.open(subject, data, backend, this)) {
        run(backend, network, data);
      }
    }
    return CommandLineTool.DONE;
  }

  private void check() {
    long asked = Stream.of(channels, units, classes).filter(o -> o != null).count();
    if (asked + (dream ? 1 : 0) > 1) {
      throw new InvalidInputException("Give only one of --channel, --unit, --class and --dream");
    }
    boolean ofLayer = channels != null || units != null || dream;
    if (ofLayer && layer == null) {
      throw new InvalidInputException("--channel, --unit and --dream need --layer NAME");
    }
    if (!ofLayer && layer != null) {
      throw new InvalidInputException(
          "--layer means nothing to classes; give --channel, --unit or --dream with it");
    }
    options(1 << 20);
    subject.check();
    OutputFiles.checkFolder("--out", out);
    if (from != null && !isIndex() && !Files.isRegularFile(Path.of(from))) {
      throw new InvalidInputException(
          "--from " + from + ": neither the index of a test image nor a file");
    }
  }

  private boolean isIndex() {
    return from.matches("\\d{1,9}");
  }

  /** A file knows its images' shape, unless it reads them as vectors. */
  private boolean needsData() {
    return !subject.isFile() || (from != null && isIndex());
  }

  private VisualizationOptions options(long side) {
    VisualizationOptions usual =
        dream ? VisualizationOptions.deepDream() : VisualizationOptions.defaults();
    Optimizer rule = optimizer == null ? usual.optimizer() : optimizer;
    return new VisualizationOptions(
        steps == null ? usual.steps() : steps,
        rule,
        stepSize != null ? stepSize : rule == Optimizer.ADAM ? 0.05 : 0.02,
        octaves == null ? usual.octaves() : octaves,
        octaveScale == null ? usual.octaveScale() : octaveScale,
        jitter == null ? (int) (side / 16) : jitter,
        totalVariation,
        fourier ? Parameterization.FOURIER : Parameterization.PIXELS,
        seed);
  }

  /** What a run needs, checked against the network. */
  private record Prepared(
      Shape shape, Objective objective, VisualizationOptions options, float[] start) {}

  private Prepared prepare(Network network, DataSplit data) {
    Shape shape = data != null ? data.test().sampleShape() : network.inputShape();
    if (shape.rank() != 3 || (shape.dim(0) != 1 && shape.dim(0) != 3)) {
      throw new InvalidInputException(
          "Model "
              + subject.model
              + " takes "
              + shape
              + ", not images of 1 or 3 channels; --from INDEX takes their shape from --data");
    }
    VisualizationOptions options = options(Math.min(shape.dim(1), shape.dim(2)));
    Visualizer.check(network, shape, options);
    Objective objective = objective(network);
    objective.check(network);
    return new Prepared(shape, objective, options, start(shape, data));
  }

  private Objective objective(Network network) {
    if (dream) {
      return Objective.dream(layer);
    }
    if (channels != null) {
      return new Objective(Objective.Kind.CHANNEL, layer, channels);
    }
    if (units != null) {
      return new Objective(Objective.Kind.UNIT, layer, units);
    }
    int all = (int) Math.min(USUAL_CLASSES, network.outputShape().size());
    List<Integer> usual = IntStream.range(0, all).boxed().toList();
    return new Objective(Objective.Kind.CLASS, null, classes == null ? usual : classes);
  }

  private float[] start(Shape shape, DataSplit data) {
    if (from == null) {
      return null;
    }
    if (!isIndex()) {
      DataSet file = ImageFolder.readFile(Path.of(from));
      if (!file.sampleShape().equals(shape)) {
        throw new InvalidInputException(
            "--from "
                + from
                + " is "
                + file.sampleShape()
                + " (channels, height, width), the network takes "
                + shape
                + "; resize it first");
      }
      return file.image(0);
    }
    int index = Integer.parseInt(from);
    if (index >= data.test().size()) {
      throw new InvalidInputException(
          "--from " + from + ": " + data.name() + " has " + data.test().size() + " test images");
    }
    return data.test().image(index);
  }

  private void run(Backend backend, Subject network, DataSplit data) {
    Prepared p = prepare(network.network(), data);
    long began = System.nanoTime();
    List<Visualization> made;
    int total = Visualizer.gradients(p.objective(), p.options());
    try (Progress progress = progress("Climbing", "gradients", total)) {
      made =
          Visualizer.run(
              network.network(),
              network.parameters(),
              backend,
              p.shape(),
              p.objective(),
              p.start(),
              p.options(),
              done -> progress.update(done, ""));
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    VisualizationResult result = result(backend, network, data, p, made, seconds);
    VisualizationReport.write(
        out,
        result,
        p.shape(),
        made.get(0).start(),
        made.stream().map(Visualization::image).toList());
    print(VisualizationReport.sentence(result));
    print("Page: " + out.resolve("visualize.html"));
    writeJson(result);
  }

  private VisualizationResult result(
      Backend backend,
      Subject network,
      DataSplit data,
      Prepared p,
      List<Visualization> made,
      double seconds) {
    String kind = p.objective().kind().name().toLowerCase(Locale.ROOT);
    return new VisualizationResult(
        VisualizationResult.FORMAT,
        Version.program(),
        commandLine(),
        backend.name(),
        "FP32",
        threadCount(),
        seed,
        network.name(),
        data == null ? null : data.name(),
        kind,
        layer,
        from == null ? "grey noise" : isIndex() ? "test image " + from : from,
        made.get(0).startLabel(),
        made.get(0).startProbability(),
        p.options(),
        made.stream().map(v -> picture(v, kind)).toList(),
        seconds);
  }

  private VisualizationResult.Picture picture(Visualization v, String kind) {
    String of = layer == null ? "" : layer.replaceAll("[^A-Za-z0-9._-]", "_") + "-";
    String name = dream ? of + "dream" : of + kind + "-" + v.index();
    return new VisualizationResult.Picture(
        v.index(),
        name + ".png",
        v.before(),
        v.after(),
        v.label(),
        v.probability(),
        v.zeroGradients(),
        v.path());
  }
}
