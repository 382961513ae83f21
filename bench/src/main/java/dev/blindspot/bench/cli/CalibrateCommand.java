package dev.blindspot.bench.cli;

import dev.blindspot.attacks.Attack;
import dev.blindspot.attacks.AttackListener;
import dev.blindspot.attacks.calibration.CalibrationStudy;
import dev.blindspot.attacks.calibration.CalibrationStudy.Condition;
import dev.blindspot.attacks.calibration.LocalGeneralization;
import dev.blindspot.attacks.calibration.TemperatureScaling;
import dev.blindspot.attacks.calibration.Transformation;
import dev.blindspot.attacks.calibration.Transformation.Kind;
import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.CalibrationReport;
import dev.blindspot.bench.report.CalibrationResult;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSplit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Whether a network is right as often as it is sure, and how far it generalises. */
@Command(
    name = "calibrate",
    sortOptions = false,
    description = {
      "Compares a classifier's confidence with its accuracy on clean, noisy and adversarial test"
          + " images, and under growing shift, rotation, scale and blur."
    })
final class CalibrateCommand extends BlindspotCommand {
  @Mixin private ModelOptions subject;

  @Option(
      names = "--examples",
      paramLabel = "N",
      defaultValue = "1000",
      description =
          "Measure the first N test examples of a seeded shuffle, right or wrong"
              + " (default: ${DEFAULT-VALUE}).")
  private int examples;

  @Option(
      names = "--bins",
      paramLabel = "N",
      defaultValue = "15",
      description = "Bins of the calibration curves (default: ${DEFAULT-VALUE}).")
  private int bins;

  @Option(
      names = "--noise",
      paramLabel = "STDDEV",
      split = ",",
      defaultValue = "0.1,0.3,0.5",
      description = "Standard deviations of Gaussian noise (default: ${DEFAULT-VALUE}).")
  private List<Double> noise;

  @Option(
      names = "--attack",
      paramLabel = "NAME",
      split = ",",
      defaultValue = "lbfgs,pgd",
      description = "Attacks: lbfgs, pgd, fgsm (default: ${DEFAULT-VALUE}).")
  private List<AttackSettings.Kind> attacks;

  @Option(
      names = "--attacked",
      paramLabel = "N",
      defaultValue = "100",
      description =
          "Attack the first N of the examples; 0 for no attack (default: ${DEFAULT-VALUE}).")
  private int attacked;

  @Option(
      names = "--eps",
      paramLabel = "R",
      description = "Linf radius of pgd and fgsm (default: 0.1).")
  private Double eps;

  @Option(
      names = "--temperature",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Also fit a temperature on N other test images; never on training images, of which a"
              + " network is surer (default: ${DEFAULT-VALUE}).")
  private int held;

  @Option(
      names = "--shift",
      paramLabel = "PIXELS",
      split = ",",
      defaultValue = "1,2,3,4,6",
      description = "Shifts (default: ${DEFAULT-VALUE}).")
  private List<Double> shifts;

  @Option(
      names = "--rotation",
      paramLabel = "DEGREES",
      split = ",",
      defaultValue = "5,10,20,30,45,60",
      description = "Rotations (default: ${DEFAULT-VALUE}).")
  private List<Double> rotations;

  @Option(
      names = "--scale",
      paramLabel = "FACTOR",
      split = ",",
      defaultValue = "0.5,0.7,0.85,1.15,1.3,1.5",
      description = "Scales (default: ${DEFAULT-VALUE}).")
  private List<Double> scales;

  @Option(
      names = "--blur",
      paramLabel = "PIXELS",
      split = ",",
      defaultValue = "0.5,1,1.5,2,3",
      description = "Standard deviations of a Gaussian blur (default: ${DEFAULT-VALUE}).")
  private List<Double> blurs;

  @Option(
      names = "--uncertainty",
      paramLabel = "METHOD",
      description =
          "Also measure a predictive distribution, trained from the model of the zoo: dropout (drawn"
              + " at test time), ensemble (of five seeds) or bayes (Bayes by backprop).")
  private UncertaintyRun.Method uncertainty;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for calibrate.html, a page with charts (default: no page).")
  private Path out;

  @Override
  int execute() {
    check();
    List<Transformation> changes = changes();
    List<Attack> chosen = chosenAttacks();
    try (Backend backend = openBackend()) {
      DataSplit data = subject.loadData(seed);
      DataSet test = data.test();
      int n = Math.min(examples, test.size());
      if (held > test.size() - n) {
        throw new InvalidInputException(
            "--temperature "
                + held
                + ": of "
                + test.size()
                + " test images "
                + n
                + " are measured; only "
                + (test.size() - n)
                + " are left");
      }
      try (Subject network = Models.open(subject, data, backend, this)) {
        network.checkFits(data);
        long began = System.nanoTime();
        int[] order = test.shuffled(seed);
        int[] samples = Arrays.copyOf(order, n);
        try (CalibrationStudy study =
            new CalibrationStudy(
                network.network(),
                network.parameters(),
                backend,
                images(test, samples),
                labels(test, samples),
                samples,
                bins)) {
          int[] others = Arrays.copyOfRange(order, n, n + held);
          report(measure(study, backend, network, data, n, others, chosen, changes, began));
        }
      }
    }
    return CommandLineTool.DONE;
  }

  private void check() {
    if (examples < 1) {
      throw new InvalidInputException("--examples must be at least 1, not " + examples);
    }
    if (bins < 1 || bins > 1000) {
      throw new InvalidInputException("--bins must be 1 to 1000, not " + bins);
    }
    if (attacked < 0 || held < 0) {
      throw new InvalidInputException(
          "--attacked and --temperature must be at least 0, not " + Math.min(attacked, held));
    }
    for (double v : noise) {
      if (!(v >= 0 && v < Double.POSITIVE_INFINITY)) {
        throw new InvalidInputException("--noise must be 0 or more and finite, not " + v);
      }
    }
    subject.check();
    UncertaintyRun.check(uncertainty, subject.model);
    if (out != null) {
      OutputFiles.checkFolder("--out", out);
    }
  }

  private List<Attack> chosenAttacks() {
    if (attacked == 0) {
      return List.of();
    }
    return attacks.stream()
        .map(
            kind -> {
              Double radius = kind == AttackSettings.Kind.LBFGS ? null : eps;
              return AttackSettings.of(kind, null, radius, null, null, null).attack();
            })
        .toList();
  }

  /** For each kind the strength that changes nothing, then those asked for. */
  private List<Transformation> changes() {
    List<List<Double>> strengths = List.of(shifts, rotations, scales, blurs);
    List<Transformation> all = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      List<Double> asked = strengths.get(kind.ordinal());
      all.addAll(
          Transformation.of(
              kind,
              Stream.concat(Stream.of(kind.identity()), asked.stream())
                  .distinct()
                  .sorted()
                  .toList()));
    }
    return all;
  }

  private static float[] images(DataSet data, int[] samples) {
    float[] x = new float[Math.multiplyExact(samples.length, data.sampleSize())];
    data.read(samples, 0, samples.length, x, 0);
    return x;
  }

  private static int[] labels(DataSet data, int[] samples) {
    return Arrays.stream(samples).map(data::label).toArray();
  }

  private CalibrationResult measure(
      CalibrationStudy study,
      Backend backend,
      Subject network,
      DataSplit data,
      int n,
      int[] others,
      List<Attack> chosen,
      List<Transformation> changes,
      long began) {
    TemperatureScaling scaling =
        held == 0
            ? null
            : study.fitTemperature(images(data.test(), others), labels(data.test(), others));
    List<Condition> conditions = conditions(study, chosen, n);
    CalibrationResult.Uncertainty uncertain = null;
    if (uncertainty != null) {
      int[] samples = Arrays.copyOf(data.test().shuffled(seed), n);
      uncertain =
          new UncertaintyRun(this, backend, data, subject.model, uncertainty, bins)
              .measure(samples, Math.min(attacked, n), noise, chosen, this::name);
    }
    List<LocalGeneralization.Point> points;
    try (Progress progress = progress("Moving images", "changes", changes.size())) {
      points =
          study.generalization(
              data.test().sampleShape(), changes, done -> progress.update(done, ""));
    }
    return new CalibrationResult(
        CalibrationResult.FORMAT,
        Version.program(),
        commandLine(),
        backend.name(),
        "FP32",
        threadCount(),
        seed,
        network.name(),
        data.name(),
        n,
        chosen.isEmpty() ? 0 : Math.min(attacked, n),
        chosen.stream().map(Object::toString).toList(),
        bins,
        scaling,
        conditions,
        points,
        uncertain,
        (System.nanoTime() - began) / 1e9);
  }

  /** Clean, with each noise, under each attack. */
  private List<Condition> conditions(CalibrationStudy study, List<Attack> chosen, int n) {
    List<Condition> conditions = new ArrayList<>();
    conditions.add(study.clean());
    for (double stddev : noise) {
      conditions.add(study.noise(stddev, seed));
    }
    int count = Math.min(attacked, n);
    for (Attack attack : chosen) {
      try (Progress progress = progress("Attacking by " + attack.name(), "examples", count)) {
        AttackListener listener = (done, all) -> progress.update(done, "");
        conditions.add(study.attacked(name(attack), attack, count, seed, listener));
      }
    }
    return conditions;
  }

  /** "L-BFGS", "PGD 0.1". */
  private String name(Attack attack) {
    if (attack.name().equals("lbfgs")) {
      return "L-BFGS";
    }
    return attack.name().toUpperCase(Locale.ROOT) + " " + (eps == null ? 0.1 : eps);
  }

  private void report(CalibrationResult r) {
    print(
        String.format(
            Locale.ROOT,
            "%-13s %7s %10s %10s %10s",
            "images",
            "count",
            "accuracy",
            "confidence",
            "ECE"));
    for (Condition c : r.conditions()) {
      print(
          String.format(
              Locale.ROOT,
              "%-13s %7d %8.2f %% %8.2f %% %8.2f %%",
              c.name(),
              c.calibration().count(),
              100 * c.calibration().accuracy(),
              100 * c.calibration().confidence(),
              100 * c.calibration().expectedError()));
    }
    for (LocalGeneralization.Point p : r.generalization()) {
      Transformation t = p.transformation();
      if (t.strength() != t.kind().identity()) {
        print(
            String.format(
                Locale.ROOT,
                "%-13s %7s %8.2f %% %8.2f %%",
                t.kind().name().toLowerCase(Locale.ROOT) + " " + t.strength(),
                "",
                100 * p.accuracy(),
                100 * p.confidence()));
      }
    }
    if (r.temperature() != null) {
      print(
          String.format(
              Locale.ROOT,
              "Temperature %.3f; clean ECE with it %.2f %%.",
              r.temperature().temperature(),
              100 * r.conditions().get(0).scaled().expectedError()));
    }
    if (r.uncertainty() != null) {
      UncertaintyRun.lines(r.uncertainty()).forEach(this::print);
    }
    print(CalibrationReport.sentence(r));
    if (out != null) {
      CalibrationReport.write(out, r);
      print("Page: " + out.resolve("calibrate.html"));
    }
    writeJson(r);
  }
}
