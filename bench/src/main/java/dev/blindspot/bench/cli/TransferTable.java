package dev.blindspot.bench.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** A comparison as a table of text. */
final class TransferTable {
  private TransferTable() {}

  /** Headline, then a row for each model, amplification and noise. */
  static List<String> lines(TransferResult r) {
    List<String[]> table = new ArrayList<>();
    table.add(cells("made for \\ fed to", r.models(), "RMS", "examples"));
    for (TransferResult.Row row : r.rows()) {
      String name = row.madeFor();
      if (row.amplifiedTo() != null) {
        name += " amplified to " + row.amplifiedTo();
      }
      table.add(cells(name, row.errors(), row.meanDistortionRms(), row.examples()));
    }
    for (TransferResult.Noise row : r.noise()) {
      String name = "Gaussian noise " + row.stddev();
      table.add(cells(name, row.errors(), row.meanDistortionRms(), row.examples()));
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "Share of wrong labels on %d test examples of %s that all networks classify correctly;"
                + " adversarial rows count the examples on which %s succeeded.",
            r.examples(),
            r.data(),
            r.attack()));
    lines.addAll(aligned(table));
    lines.add(
        "Without any change, on all "
            + r.testExamples()
            + " test examples: "
            + r.cleanError().entrySet().stream()
                .map(e -> e.getKey() + " " + percent(e.getValue()))
                .collect(Collectors.joining(", "))
            + String.format(Locale.ROOT, "; %.1f s", r.seconds()));
    return lines;
  }

  private static String[] cells(String name, Map<String, Double> errors, double rms, int n) {
    List<String> shares = errors.values().stream().map(TransferTable::percent).toList();
    String distortion = Double.isNaN(rms) ? "-" : String.format(Locale.ROOT, "%.4f", rms);
    return cells(name, shares, distortion, "" + n);
  }

  private static String[] cells(String name, List<String> middle, String... tail) {
    List<String> all = new ArrayList<>(List.of(name));
    all.addAll(middle);
    all.addAll(List.of(tail));
    return all.toArray(String[]::new);
  }

  /** The first column flush left, the others flush right, two spaces between them. */
  private static List<String> aligned(List<String[]> table) {
    int[] width = new int[table.get(0).length];
    for (String[] row : table) {
      for (int j = 0; j < width.length; j++) {
        width[j] = Math.max(width[j], row[j].length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (String[] row : table) {
      StringBuilder line = new StringBuilder(row[0] + " ".repeat(width[0] - row[0].length()));
      for (int j = 1; j < width.length; j++) {
        line.append(" ".repeat(2 + width[j] - row[j].length())).append(row[j]);
      }
      lines.add(line.toString());
    }
    return lines;
  }

  private static String percent(double share) {
    return Double.isNaN(share) ? "-" : String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
