package dev.blindspot.bench.workbench;

import dev.blindspot.bench.report.Json;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Two runs of the workbench side by side.
 *
 * @param rows what both measured, the slowest change first
 * @param onlyOld keys that only the old run has
 * @param onlyNew keys that only the new run has
 */
public record Comparison(List<Row> rows, List<String> onlyOld, List<String> onlyNew) {
  /** Spreads that a difference has to exceed. */
  private static final double SPREADS = 4;

  /** Relative difference that counts at least. */
  private static final double LEAST = 0.03;

  /**
   * One problem.
   *
   * @param ratio new time over old: above 1 is slower
   * @param verdict "slower" or "faster" beyond noise, else "same"
   */
  public record Row(
      String problem,
      String oldImpl,
      String newImpl,
      double oldUs,
      double newUs,
      double ratio,
      String verdict) {}

  /**
   * Reads two files.
   *
   * @throws InvalidInputException if one is not a result of the workbench, or nothing was measured
   *     by both
   */
  public static Comparison of(Path before, Path after) {
    return of(read(before), read(after));
  }

  static Comparison of(BenchResult before, BenchResult after) {
    Map<String, BenchResult.Row> old = new HashMap<>();
    before.results().stream().filter(r -> r.medianUs() != null).forEach(r -> old.put(r.key(), r));
    List<Row> rows = new ArrayList<>();
    List<String> added = new ArrayList<>();
    for (BenchResult.Row n : after.results()) {
      BenchResult.Row o = old.remove(n.key());
      if (o == null || n.medianUs() == null) {
        added.add(n.key());
      } else {
        rows.add(row(o, n));
      }
    }
    if (rows.isEmpty()) {
      throw new InvalidInputException(
          "The two files have no problem in common; compare runs of the same shapes, directions and"
              + " precision");
    }
    rows.sort(Comparator.comparingDouble(Row::ratio).reversed());
    return new Comparison(
        List.copyOf(rows), old.keySet().stream().sorted().toList(), List.copyOf(added));
  }

  private static Row row(BenchResult.Row o, BenchResult.Row n) {
    double difference = n.medianUs() - o.medianUs();
    double noise = Math.max(SPREADS * (o.spreadUs() + n.spreadUs()), LEAST * o.medianUs());
    String verdict = difference > noise ? "slower" : -difference > noise ? "faster" : "same";
    return new Row(
        n.key(),
        o.impl(),
        n.impl(),
        o.medianUs(),
        n.medianUs(),
        n.medianUs() / o.medianUs(),
        verdict);
  }

  private static BenchResult read(Path file) {
    try {
      BenchResult r = Json.parse(Files.readString(file), BenchResult.class);
      if (!BenchResult.FORMAT.equals(r.format()) || r.results() == null) {
        throw new InvalidInputException("its format is " + r.format());
      }
      return r;
    } catch (IOException | InvalidInputException e) {
      throw new InvalidInputException(
          file + " is not a result of bench (" + BenchResult.FORMAT + "): " + e.getMessage(), e);
    }
  }
}
