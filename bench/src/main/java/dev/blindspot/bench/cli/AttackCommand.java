package dev.blindspot.bench.cli;

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
      defaultValue = "0.1",
      description = "Radius of the ball; pixels are 0 to 1 (default: ${DEFAULT-VALUE}).")
  private double eps;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "40",
      description = "Steps of pgd, iterations of lbfgs (default: ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--restarts",
      paramLabel = "N",
      defaultValue = "1",
      description = "Random starts of pgd (default: ${DEFAULT-VALUE}).")
  private int restarts;

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
    Norm chosen = norm != null ? norm : kind == AttackSettings.Kind.LBFGS ? Norm.L2 : Norm.LINF;
    AttackSettings settings = new AttackSettings(kind, chosen, eps, steps, restarts, seed);
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
    long began = System.nanoTime();
    Attacked attacked = Attacks.run(settings, this, backend, network, chosen, targets);
    double seconds = (System.nanoTime() - began) / 1e9;
    attacked.checkBox();
    List<Row> rows = rows(attacked, chosen, targets, attacked.labelsOnReference(network));
    double rate = (double) rows.stream().filter(Row::success).count() / rows.size();
    print(
        String.format(
            Locale.ROOT,
            "%s (%s) on %d examples of %s: success %.1f %%, %.1f gradients each, %.1f s",
            attacked.name(),
            attacked.norm(),
            rows.size(),
            data.name(),
            100 * rate,
            attacked.meanEvaluations(),
            seconds));
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
            attacked.name(),
            attacked.norm(),
            targeted,
            clean.accuracy(),
            rate,
            attacked.meanEvaluations(),
            rows,
            seconds));
  }

  private static List<Row> rows(Attacked a, Examples e, int[] targets, int[] answers) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < e.count(); i++) {
      boolean success = a.confirmed(i, e.labels()[i], targets, answers);
      Distances d =
          success ? Distances.of(e.images(), a.adversarials(), i, e.sampleSize()) : Distances.NONE;
      rows.add(
          new Row(
              e.index()[i],
              e.labels()[i],
              targets == null ? null : targets[i],
              success ? answers[i] : null,
              success,
              d.l2(),
              d.linf(),
              d.rms(),
              a.evaluations()[i],
              a.stopped()[i]));
    }
    return rows;
  }
}
