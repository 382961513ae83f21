package dev.blindspot.bench.cli;

import dev.blindspot.bench.report.AdversarialTrainingResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A comparison of trainings as a table of text. */
final class ComparisonTable {
  private static final String ROW = "%-13s %10s %14s %7s %15s %8s  %s";

  private ComparisonTable() {}

  static List<String> lines(AdversarialTrainingResult r) {
    List<String> lines = new ArrayList<>();
    lines.add(
        line("variant", "mean error", "standard error", "paper", "training error", "seconds", ""));
    for (AdversarialTrainingResult.Variant v : r.variants()) {
      lines.add(
          line(
              v.name(),
              percent(v.meanError()),
              percent(v.standardError()),
              v.paperError() == null ? "-" : percent(v.paperError()),
              percent(v.trainErrors().stream().mapToDouble(e -> e).average().orElse(Double.NaN)),
              String.format(
                  Locale.ROOT, "%.0f", v.trainSeconds().stream().mapToDouble(t -> t).sum()),
              v.errors().stream().map(ComparisonTable::percent).collect(Collectors.joining(", "))));
    }
    return lines;
  }

  private static String line(Object... cells) {
    return String.format(Locale.ROOT, ROW, cells).stripTrailing();
  }

  private static String percent(double share) {
    return Double.isNaN(share) ? "-" : String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }
}
