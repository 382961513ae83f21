package dev.blindspot.bench.cli;

import dev.blindspot.attacks.Distortion;
import dev.blindspot.bench.Version;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.training.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One attack on test examples. */
@Command(
    name = "attack",
    sortOptions = false,
    description = "Attacks correctly classified test examples with FGSM, PGD or L-BFGS.")
final class AttackCommand extends BlindspotCommand {
  private static final int BATCH = 250;

  @Mixin private ModelOptions subject;

  @Option(
      names = "--attack",
      paramLabel = "NAME",
      defaultValue = "pgd",
      description = "fgsm, pgd or lbfgs (default: ${DEFAULT-VALUE}).")
  private AttackSettings.Kind kind;

  @Option(
      names = "--norm",
      paramLabel = "NAME",
      description = "l1, l2 or linf (default: linf; lbfgs: l2).")
  private Norm norm;

  @Option(
      names = "--eps",
      paramLabel = "X",
      description = "Radius of the ball of fgsm and pgd; pixels are 0 to 1 (default: 0.1).")
  private Double eps;

  @Option(
      names = "--step-size",
      paramLabel = "X",
      description = "Length of a step of pgd (default: 2.5 eps / steps).")
  private Double stepSize;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description =
          "Steps of pgd, gradients of lbfgs for one trade-off constant (default: pgd 40, lbfgs 30).")
  private Integer steps;

  @Option(
      names = "--restarts",
      paramLabel = "N",
      description = "Random starts of pgd (default: 1).")
  private Integer restarts;

  @Option(
      names = "--examples",
      paramLabel = "N",
      defaultValue = "100",
      description = "Correctly classified test examples to attack (default: ${DEFAULT-VALUE}).")
  private int examples;

  @Option(
      names = "--targeted",
      description = "Aim at a random wrong label instead of any other label.")
  private boolean targeted;

  /** One example. */
  record Row(
      int index,
      int label,
      Integer target,
      Integer adversarialLabel,
      boolean success,
      double l2,
      double linf,
      double rms,
      long evaluations,
      String stoppedBecause) {}

  /** The result. */
  record Result(
      String format,
      String version,
      String command,
      String device,
      String precision,
      int threads,
      long seed,
      String model,
      String data,
      String attack,
      String norm,
      boolean targeted,
      double cleanAccuracy,
      double successRate,
      double gradientEvaluationsPerSample,
      List<Row> samples,
      double seconds) {}

  @Override
  int execute() {
    if (examples < 1) {
      throw new InvalidInputException("--examples must be at least 1, not " + examples);
    }
    AttackSettings settings = AttackSettings.of(kind, norm, eps, stepSize, steps, restarts);
    subject.check();
    try (Backend backend = openBackend()) {
      DataSplit data = subject.loadData(seed);
      try (Subject network = Models.open(subject, data, backend, this)) {
        network.checkFits(data);
        run(settings, backend, network, data);
      }
    }
    return CommandLineTool.DONE;
  }

  private void run(AttackSettings settings, Backend backend, Subject network, DataSplit data) {
    Evaluation clean =
        Evaluation.of(network.network(), network.parameters(), backend, data.test(), BATCH);
    Examples chosen = Examples.choose(data.test(), clean.predictions(), examples, seed);
    int[] targets = targeted ? chosen.randomTargets(data.test().classes(), seed) : null;
    Attacked attacked = Attacks.run(settings.attack(), this, backend, network, chosen, targets);
    List<Row> rows = rows(attacked, chosen);
    double rate = (double) rows.stream().filter(Row::success).count() / rows.size();
    print(
        String.format(
            Locale.ROOT,
            "%s on %d examples of %s: success %.1f %%, %.1f gradients each, %.1f s",
            attacked.result().attack(),
            rows.size(),
            data.name(),
            100 * rate,
            attacked.result().meanEvaluations(),
            attacked.seconds()));
    writeJson(
        new Result(
            "blindspot-attack-1",
            Version.program(),
            commandLine(),
            backend.name(),
            "FP32",
            threadCount(),
            seed,
            network.name(),
            data.name(),
            attacked.result().attack(),
            attacked.result().norm().name(),
            targeted,
            clean.accuracy(),
            rate,
            attacked.result().meanEvaluations(),
            rows,
            attacked.seconds()));
  }

  private static List<Row> rows(Attacked a, Examples e) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < a.count(); i++) {
      Distortion d = a.distortion(i);
      rows.add(
          new Row(
              e.index()[i],
              e.labels()[i],
              a.target(i),
              a.answer(i),
              a.success(i),
              d.l2(),
              d.linf(),
              d.rms(),
              a.sample(i).evaluations(),
              a.stopped(i)));
    }
    return rows;
  }
}
