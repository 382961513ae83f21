package dev.blindspot.bench.cli;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.attacks.transfer.NamedNetwork;
import dev.blindspot.attacks.transfer.Transfer;
import dev.blindspot.bench.Version;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.training.Predictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoublePredicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Adversarial examples made for each of several networks, fed to all of them. */
@Command(
    name = "transfer",
    sortOptions = false,
    description = {
      "Makes adversarial examples (L-BFGS) for each of several networks and feeds them to all: which"
          + " are wrong on what was made for another? All attack the same examples, which every"
          + " network classifies correctly."
    })
final class TransferCommand extends BlindspotCommand {
  @Option(
      names = "--models",
      paramLabel = "NAME|FILE",
      split = ",",
      required = true,
      description = "Two or more networks of the zoo or .onnx files, separated by commas.")
  private List<String> models;

  @Mixin private DataOptions data;

  @Option(names = "--retrain", description = "Train networks of the zoo even if they are cached.")
  private boolean retrain;

  @Option(
      names = "--examples",
      paramLabel = "N",
      defaultValue = "100",
      description =
          "Attack the first N test examples of a seeded shuffle that all networks classify"
              + " correctly (default: ${DEFAULT-VALUE}).")
  private int examples;

  @Option(
      names = "--targeted",
      description = "Aim at a random wrong label, the same for every network.")
  private boolean targeted;

  @Option(
      names = "--amplify",
      paramLabel = "RMS",
      split = ",",
      description =
          "Also enlarge (or shrink) each perturbation to this RMS distortion, clipped to [0,1].")
  private List<Double> amplify = List.of();

  @Option(
      names = "--noise",
      paramLabel = "STDDEV",
      split = ",",
      defaultValue = "0.1,0.3",
      description =
          "Standard deviations of Gaussian noise to compare with (default: ${DEFAULT-VALUE}).")
  private List<Double> noise;

  @Override
  int execute() {
    long began = System.nanoTime();
    check();
    try (Backend backend = openBackend()) {
      DataSplit split = data.load(seed);
      Map<String, Subject> opened = new LinkedHashMap<>();
      try {
        open(backend, split, opened);
        TransferResult result =
            run(backend, models.stream().map(opened::get).toList(), split, began);
        TransferTable.lines(result).forEach(this::print);
        writeJson(result);
      } finally {
        opened.values().forEach(Subject::close);
      }
    }
    return CommandLineTool.DONE;
  }

  /** Opens files first: one that is damaged or does not fit is told before anything is trained. */
  private void open(Backend backend, DataSplit split, Map<String, Subject> opened) {
    for (boolean files : new boolean[] {true, false}) {
      for (String model : models) {
        if (Models.isFile(model) == files) {
          Subject s = Models.open(model, retrain, split, backend, this);
          opened.put(model, s);
          s.checkFits(split);
        }
      }
    }
  }

  private void check() {
    if (examples < 1) {
      throw new InvalidInputException("--examples must be at least 1, not " + examples);
    }
    if (models.size() < 2) {
      throw new InvalidInputException(
          "--models names " + models.size() + " network; transfer compares two or more");
    }
    for (String model : models) {
      if (models.indexOf(model) != models.lastIndexOf(model)) {
        throw new InvalidInputException("--models names " + model + " twice");
      }
      Models.check("--models", model);
    }
    require("--amplify", amplify, v -> v > 0 && v <= 1, "above 0 and at most 1");
    require("--noise", noise, v -> v >= 0 && v < Double.POSITIVE_INFINITY, "0 or more and finite");
    data.check();
  }

  private static void require(
      String option, List<Double> values, DoublePredicate good, String range) {
    for (double v : values) {
      if (!good.test(v)) {
        throw new InvalidInputException(option + " must be " + range + ", not " + v);
      }
    }
  }

  private TransferResult run(Backend backend, List<Subject> subjects, DataSplit split, long began) {
    List<NamedNetwork> networks =
        subjects.stream()
            .map(s -> new NamedNetwork(s.name(), s.network(), s.parameters()))
            .toList();
    Transfer.checkNetworks(backend, networks);
    Map<String, Double> clean = new LinkedHashMap<>();
    Examples chosen = choose(backend, subjects, split.test(), clean);
    int[] targets = targeted ? chosen.randomTargets(split.test().classes(), seed) : null;
    LbfgsAttack attack = LbfgsAttack.defaults();
    List<TransferResult.Row> rows = new ArrayList<>();
    List<TransferResult.Noise> noisy = new ArrayList<>();
    try (Transfer transfer = new Transfer(backend, networks, chosen.images(), chosen.labels())) {
      List<AttackResult> made = new ArrayList<>();
      for (Subject s : subjects) {
        AttackResult r = Attacks.find(attack, this, backend, s, chosen, targets);
        Attacked.checkBox(r.adversarials(), r.attack());
        made.add(r);
        rows.add(TransferResult.Row.of(s.name(), null, transfer.adversarial(r), models));
      }
      for (double rms : amplify) {
        for (int i = 0; i < made.size(); i++) {
          rows.add(
              TransferResult.Row.of(
                  models.get(i), rms, transfer.amplified(made.get(i), rms), models));
        }
      }
      for (double stddev : noise) {
        noisy.add(
            TransferResult.Noise.of(stddev, transfer.noise(stddev, chosen.index(), seed), models));
      }
    }
    return new TransferResult(
        TransferResult.FORMAT,
        Version.program(),
        commandLine(),
        backend.name(),
        "FP32",
        threadCount(),
        seed,
        models,
        split.name(),
        attack.toString(),
        targeted,
        chosen.count(),
        split.test().size(),
        clean,
        rows,
        noisy,
        (System.nanoTime() - began) / 1e9);
  }

  /**
   * Test examples that every network classifies correctly.
   *
   * @param errors gets each network's error on the whole test split
   */
  private Examples choose(
      Backend backend, List<Subject> subjects, DataSet test, Map<String, Double> errors) {
    int[] agreed = test.labels();
    for (Subject s : subjects) {
      try (Predictor p = new Predictor(backend, s.network(), s.parameters(), test.size())) {
        int[] predicted = p.labels(test);
        int wrong = 0;
        for (int i = 0; i < agreed.length; i++) {
          if (predicted[i] != test.label(i)) {
            wrong++;
            agreed[i] = -1;
          }
        }
        errors.put(s.name(), (double) wrong / agreed.length);
      }
    }
    if (Arrays.stream(agreed).allMatch(label -> label < 0)) {
      throw new InvalidInputException(
          "None of the "
              + test.size()
              + " test examples of "
              + test.name()
              + " is classified correctly by all of "
              + models
              + ": there is nothing to compare");
    }
    Examples chosen = Examples.choose(test, agreed, examples, seed);
    if (chosen.count() < examples) {
      say(
          "Only "
              + chosen.count()
              + " test examples are classified correctly by all networks; all are attacked");
    }
    return chosen;
  }
}
