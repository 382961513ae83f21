package dev.blindspot.bench.cli;

import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.LayerBound;
import dev.blindspot.attacks.bounds.NetworkBound;
import dev.blindspot.attacks.bounds.NetworkBounds;
import dev.blindspot.bench.Version;
import dev.blindspot.engine.Backend;
import dev.blindspot.nn.data.DataSplit;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Brackets of each layer's Lipschitz constant and the network's bound. */
@Command(
    name = "bounds",
    sortOptions = false,
    description = "Brackets each layer's Lipschitz constant (L2 to L2) and bounds the network's.")
final class BoundsCommand extends BlindspotCommand {
  @Mixin private ModelOptions subject;

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
      String statement,
      List<LayerBound> layers,
      double networkUpper,
      double seconds) {}

  @Override
  int execute() {
    subject.check();
    try (Backend backend = openBackend()) {
      // A file needs no data; a network of the zoo is trained on it.
      DataSplit data = subject.isFile() ? null : subject.loadData(seed);
      try (Subject network = Models.open(subject, data, backend, this)) {
        long began = System.nanoTime();
        NetworkBound bound =
            NetworkBounds.of(
                network.network(),
                network.parameters(),
                BoundsOptions.defaults().threads(threadCount()).backend(backend));
        report(network, backend, bound, (System.nanoTime() - began) / 1e9);
      }
    }
    return CommandLineTool.DONE;
  }

  private void report(Subject network, Backend backend, NetworkBound bound, double seconds) {
    String row = "%-14s %-16s %12s %12s  %s";
    print(String.format(Locale.ROOT, row, "layer", "kind", "lower", "upper", "upper end by"));
    for (LayerBound b : bound.layers()) {
      print(
          String.format(
              Locale.ROOT,
              row,
              b.name(),
              b.kind(),
              number(b.lower()),
              number(b.upper()),
              b.method()));
    }
    print(String.format(Locale.ROOT, row, "network", "product", "", number(bound.upper()), ""));
    print(bound.statement() + ".");
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
            seconds));
  }

  private static String number(double v) {
    return Double.isInfinite(v) ? "unbounded" : String.format(Locale.ROOT, "%.6g", v);
  }
}
