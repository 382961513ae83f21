package dev.blindspot.bench.cli;

import dev.blindspot.bench.Version;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tuning;
import dev.blindspot.engine.spi.tuning.TuningStore;
import dev.blindspot.engine.tuning.TuningChoice;
import dev.blindspot.engine.tuning.TuningFile;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.onnx.OnnxModel;
import dev.blindspot.nn.zoo.Zoo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures what a network's plans may choose from, and keeps the fastest. */
@Command(
    name = "tune",
    sortOptions = false,
    description = {
      "Measures the listed implementations of each primitive that a network's plans need, on this"
          + " device, and keeps the fastest in a file. Plans take what it has for the machine.",
      "",
      "  tune resnet20 --batch 1,64",
      "  tune --show"
    })
final class TuneCommand extends BlindspotCommand {
  private static final int CLASSES = 10;

  @picocli.CommandLine.Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NETWORK",
      description = "A network of the zoo, or an .onnx file.")
  private String model;

  @Option(
      names = "--batch",
      paramLabel = "N",
      split = ",",
      description = "Batches to plan for (default: 1,64).")
  private List<Integer> batches = List.of(1, 64);

  @Option(
      names = "--gradients",
      paramLabel = "WHICH",
      defaultValue = "INPUT",
      description = "none, input (attacks), parameters (training), both (default: input).")
  private NetworkOptions.Gradients gradients;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      defaultValue = "FP32",
      description = "FP32, TF32, BF16 (default: ${DEFAULT-VALUE}).")
  private Precision precision;

  @Option(names = "--again", description = "Also measure what was measured before.")
  private boolean again;

  @Option(names = "--show", description = "List the file's choices; measure nothing.")
  private boolean show;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description =
          "Where choices are kept (default: blindspot.tuning, else tuning.txt in the cache folder).")
  private Path file;

  /**
   * The result.
   *
   * @param choices made by this command, or with --show all that there are
   * @param plans implementations of each layer for each batch
   */
  record Result(
      String format,
      String version,
      String command,
      String device,
      String file,
      List<TuningChoice> choices,
      Map<Integer, Map<String, String>> plans) {}

  @Override
  int execute() {
    BackendOptions options =
        BackendOptions.defaults().tuning(again ? Tuning.AGAIN : Tuning.MEASURE);
    if (file != null) {
      options = options.tuningFile(file);
    }
    Path where = TuningStore.file(options);
    if (show == (model != null)) {
      throw new InvalidInputException("tune: name a network to measure, or --show");
    }
    if (show) {
      List<TuningChoice> all = TuningFile.read(where);
      list(all);
      print(all.size() + " choices in " + where);
      report("", where, all, Map.of());
      return CommandLineTool.DONE;
    }
    for (int batch : batches) {
      if (batch < 1) {
        throw new InvalidInputException("--batch must be at least 1, not " + batch);
      }
    }
    Models.check("NETWORK", model);
    List<TuningChoice> before = TuningFile.read(where); // before work: it must be readable
    try (Backend backend = openBackend(options)) {
      Map<Integer, Map<String, String>> plans = plans(backend);
      List<TuningChoice> fresh = new ArrayList<>(TuningFile.read(where));
      fresh.removeAll(before);
      list(fresh);
      print(fresh.size() + " choices measured; kept in " + where);
      report(backend.description(), where, fresh, plans);
    }
    return CommandLineTool.DONE;
  }

  private Map<Integer, Map<String, String>> plans(Backend backend) {
    Map<Integer, Map<String, String>> plans = new LinkedHashMap<>();
    OnnxModel onnx = Models.isFile(model) ? OnnxModel.read(Path.of(model)) : null;
    Network network =
        onnx != null ? onnx.network() : Zoo.get(model, sample(model), CLASSES).network();
    NetworkOptions options =
        NetworkOptions.of(gradients).precision(precision).training(gradients.parameters());
    try (Parameters parameters =
            onnx != null
                ? onnx.parameters(backend, ElementType.F32)
                : Parameters.initialize(network, backend, ElementType.F32, seed);
        Progress progress = progress("Measuring", "plans", batches.size())) {
      for (int batch : batches) {
        try (NetworkPlan plan = network.plan(backend, parameters, batch, options)) {
          plans.put(batch, plan.implementations());
        }
        progress.update(plans.size(), "batch " + batch);
      }
    }
    return plans;
  }

  /** What the network is usually used on. */
  private static Shape sample(String name) {
    return switch (name) {
      case "resnet20" -> Shape.of(3, 32, 32);
      case Models.ALEXNET -> Shape.of(3, 227, 227);
      default -> Shape.of(1, 28, 28);
    };
  }

  private void list(List<TuningChoice> choices) {
    for (TuningChoice c : choices) {
      StringBuilder others = new StringBuilder();
      c.seconds()
          .forEach(
              (name, s) -> {
                if (!name.equals(c.answer())) {
                  others.append(String.format(Locale.ROOT, ", %s %.1f us", name, 1e6 * s));
                }
              });
      double own = c.seconds().getOrDefault(c.answer(), 0.0);
      print(
          String.format(
              Locale.ROOT, "%s %.1f us%s: %s", c.answer(), 1e6 * own, others, c.question()));
    }
  }

  private void report(
      String device,
      Path where,
      List<TuningChoice> choices,
      Map<Integer, Map<String, String>> plans) {
    writeJson(
        new Result(
            "blindspot-tune-1",
            Version.program(),
            commandLine(),
            device,
            where.toString(),
            choices,
            plans));
  }
}
