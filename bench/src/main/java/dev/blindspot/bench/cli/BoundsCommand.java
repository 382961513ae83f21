package dev.blindspot.bench.cli;

import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.LayerBound;
import dev.blindspot.attacks.bounds.NetworkBound;
import dev.blindspot.attacks.bounds.NetworkBounds;
import dev.blindspot.attacks.bounds.PaperTable;
import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.PaperColumns;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSplit;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Brackets of each layer's Lipschitz constant and the network's bound. */
@Command(
    name = "bounds",
    sortOptions = false,
    description = "Brackets each layer's Lipschitz constant (L2 to L2) and bounds the network's.")
final class BoundsCommand extends BlindspotCommand {
  @Mixin private ModelOptions subject;

  @Option(
      names = "--paper-formula",
      description = {
        "Add two columns: the number of Table 5 of Szegedy et al. 2013 for a layer of this size, and"
            + " what their formula gives as it is printed, which is not a bound."
      })
  private boolean paperFormula;

  @Option(
      names = "--untrained",
      description =
          "Bound a network of the zoo as initialised; alexnet then reads 3x227x227 and has 1000"
              + " classes.")
  private boolean untrained;

  /**
   * The result.
   *
   * @param untrained true if the parameters are those of the initialisation
   * @param paperFormula null unless asked for
   */
  record Result(
      String format,
      String version,
      String command,
      String device,
      String precision,
      int threads,
      long seed,
      String model,
      String statement,
      List<LayerBound> layers,
      double networkUpper,
      double seconds,
      boolean untrained,
      PaperColumns paperFormula) {}

  @Override
  int execute() {
    subject.check();
    if (untrained && subject.isFile()) {
      throw new InvalidInputException(
          "--untrained is for networks of the zoo; " + subject.model + " has its parameters");
    }
    try (Backend backend = openBackend();
        Subject network = open(backend)) {
      long began = System.nanoTime();
      BoundsOptions options = BoundsOptions.defaults().threads(threadCount()).backend(backend);
      NetworkBound bound = NetworkBounds.of(network.network(), network.parameters(), options);
      PaperTable paper =
          paperFormula
              ? PaperTable.of(network.network(), network.parameters(), bound, options)
              : null;
      report(network, backend, bound, paper, (System.nanoTime() - began) / 1e9);
    }
    return CommandLineTool.DONE;
  }

  /** A file and AlexNet as initialised need no data; a network of the zoo is trained on it. */
  private Subject open(Backend backend) {
    if (untrained) {
      DataSplit data = subject.model.equals(Models.ALEXNET) ? null : subject.loadData(seed);
      return Models.untrained(subject.model, data, backend, seed);
    }
    DataSplit data = subject.isFile() ? null : subject.loadData(seed);
    return Models.open(subject, data, backend, this);
  }

  private void report(
      Subject network, Backend backend, NetworkBound bound, PaperTable paper, double seconds) {
    String row = "%-14s %-18s %12s %12s" + (paper == null ? "" : " %12s %12s") + "  %s";
    print(line(row, paper, "layer", "kind", "lower", "upper", "paper", "its formula", "upper by"));
    for (int i = 0; i < bound.layers().size(); i++) {
      LayerBound b = bound.layers().get(i);
      String lower = number(b.lower());
      String upper = number(b.upper());
      String theirs = paper == null ? "" : number(paper.rows().get(i).paper());
      String formula = paper == null ? "" : number(paper.rows().get(i).printed());
      print(line(row, paper, b.name(), b.kind(), lower, upper, theirs, formula, b.method()));
    }
    String theirs = paper == null ? "" : number(paper.paperProduct());
    String formula = paper == null ? "" : number(paper.printedProduct());
    String upper = number(bound.upper());
    print(line(row, paper, "network", "product", "", upper, theirs, formula, ""));
    print(bound.statement() + (untrained ? ", as initialised: untrained." : "."));
    if (paper != null) {
      PaperColumns.remarks(paper).forEach(this::print);
    }
    writeJson(
        new Result(
            "blindspot-bounds-1",
            Version.program(),
            commandLine(),
            backend.name(),
            "FP64, rounded outward",
            threadCount(),
            seed,
            network.name(),
            bound.statement(),
            bound.layers(),
            bound.upper(),
            seconds,
            untrained,
            paper == null ? null : PaperColumns.of(paper)));
  }

  private static String line(
      String format,
      PaperTable paper,
      String name,
      String kind,
      String lower,
      String upper,
      String theirs,
      String formula,
      String method) {
    return paper == null
        ? String.format(Locale.ROOT, format, name, kind, lower, upper, method)
        : String.format(Locale.ROOT, format, name, kind, lower, upper, theirs, formula, method);
  }

  private static String number(double v) {
    return Double.isNaN(v)
        ? "-"
        : Double.isInfinite(v) ? "unbounded" : String.format(Locale.ROOT, "%.6g", v);
  }
}
