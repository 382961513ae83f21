package dev.blindspot.bench.cli;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.NetworkBound;
import dev.blindspot.attacks.bounds.NetworkBounds;
import dev.blindspot.attacks.instability.Instability;
import dev.blindspot.attacks.instability.InstabilityResult;
import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.AmplifyReport;
import dev.blindspot.bench.report.AmplifyResult;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.training.Evaluation;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How perturbations grow from layer to layer, beside the layers' bounds. */
@Command(
    name = "amplify",
    sortOptions = false,
    description = {
      "Follows adversarial perturbations, and Gaussian noise of the same size, through a network:"
          + " how much each layer magnifies them, beside the bracket of its Lipschitz constant and"
          + " the product of the bounds so far."
    })
final class AmplifyCommand extends BlindspotCommand {
  private static final int BATCH = 250;

  @Mixin private ModelOptions subject;

  @Option(
      names = "--examples",
      paramLabel = "N",
      defaultValue = "100",
      description = "Correctly classified test examples to attack (default: ${DEFAULT-VALUE}).")
  private int examples;

  @Option(
      names = "--attack",
      paramLabel = "NAME",
      defaultValue = "lbfgs",
      description = "lbfgs, pgd or fgsm (default: ${DEFAULT-VALUE}).")
  private AttackSettings.Kind kind;

  @Option(
      names = "--norm",
      paramLabel = "NAME",
      description = "l1, l2 or linf (default: linf; lbfgs: l2).")
  private Norm norm;

  @Option(
      names = "--eps",
      paramLabel = "X",
      description = "Radius of the ball of pgd and fgsm; pixels are 0 to 1 (default: 0.1).")
  private Double eps;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for amplify.html, a page with a chart (default: no page).")
  private Path out;

  @Override
  int execute() {
    if (examples < 1) {
      throw new InvalidInputException("--examples must be at least 1, not " + examples);
    }
    AttackSettings settings = AttackSettings.of(kind, norm, eps, null, null, null);
    subject.check();
    if (out != null) {
      OutputFiles.checkFolder("--out", out);
    }
    try (Backend backend = openBackend()) {
      DataSplit data = subject.loadData(seed);
      try (Subject network = Models.open(subject, data, backend, this)) {
        network.checkFits(data);
        report(run(settings, backend, network, data));
      }
    }
    return CommandLineTool.DONE;
  }

  private AmplifyResult run(
      AttackSettings settings, Backend backend, Subject network, DataSplit data) {
    Evaluation clean =
        Evaluation.of(network.network(), network.parameters(), backend, data.test(), BATCH);
    Examples chosen = Examples.choose(data.test(), clean.predictions(), examples, seed);
    long began = System.nanoTime();
    AttackResult attack = Attacks.find(settings.attack(), this, backend, network, chosen, null);
    Attacked.checkBox(attack.adversarials(), attack.attack());
    say("Bounding the layers of " + network.name());
    NetworkBound bound =
        NetworkBounds.of(
            network.network(),
            network.parameters(),
            BoundsOptions.defaults().threads(threadCount()).backend(backend));
    InstabilityResult measured = measure(backend, network, bound, chosen, attack);
    return new AmplifyResult(
        AmplifyResult.FORMAT,
        Version.program(),
        commandLine(),
        backend.name(),
        "FP32; bounds FP64, rounded outward",
        threadCount(),
        seed,
        network.name(),
        data.name(),
        attack.attack(),
        attack.norm().name(),
        clean.accuracy(),
        chosen.count(),
        measured.samples(),
        measured.norms(),
        bound.statement(),
        AmplifyResult.layers(measured),
        bound.upper(),
        (System.nanoTime() - began) / 1e9);
  }

  /** The successes of the attack, and noise as large. */
  private InstabilityResult measure(
      Backend backend, Subject network, NetworkBound bound, Examples chosen, AttackResult attack) {
    int[] found =
        IntStream.range(0, chosen.count()).filter(i -> attack.samples().get(i).success()).toArray();
    if (found.length == 0) {
      throw new InvalidInputException(
          attack.attack()
              + " succeeded on none of the "
              + chosen.count()
              + " examples: there is no perturbation to follow; take another attack or a larger"
              + " --eps");
    }
    try (Progress progress =
        progress("Following perturbations", "samples, twice", 2L * found.length)) {
      return Instability.measure(
          network.network(),
          network.parameters(),
          backend,
          bound,
          rows(chosen.images(), found, chosen.sampleSize()),
          rows(attack.adversarials(), found, chosen.sampleSize()),
          IntStream.of(found).map(i -> chosen.index()[i]).toArray(),
          seed,
          done -> progress.update(done, ""));
    }
  }

  private static float[] rows(float[] all, int[] chosen, int size) {
    float[] rows = new float[chosen.length * size];
    for (int i = 0; i < chosen.length; i++) {
      System.arraycopy(all, chosen[i] * size, rows, i * size, size);
    }
    return rows;
  }

  private void report(AmplifyResult r) {
    String row = "%-16s %-16s %11s %11s %12s %12s %12s";
    print(line(row, "behind", "kind", "lower", "upper", "product", "adversarial", "noise"));
    for (AmplifyResult.Layer l : r.layers()) {
      print(
          line(
              row,
              l.name(),
              l.kind(),
              number(l.lower()),
              number(l.upper()),
              number(l.product()),
              number(l.adversarial().soFar().mean()),
              number(l.noise().soFar().mean())));
    }
    print(AmplifyReport.sentence(r));
    if (out != null) {
      AmplifyReport.write(out, r);
      print("Page: " + out.resolve("amplify.html"));
    }
    writeJson(r);
  }

  private static String line(String format, Object... cells) {
    return String.format(Locale.ROOT, format, cells);
  }

  private static String number(double v) {
    return Double.isInfinite(v) ? "unbounded" : line("%.5g", v);
  }
}
