package dev.blindspot.bench.perf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Times primitives and an attack on one device; beside them PyTorch's times of the same work. */
public final class PrimitiveBenchmarks {
  /** Value of {@link Report#format}. */
  public static final String FORMAT = "blindspot-primitives-1";

  private PrimitiveBenchmarks() {}

  /**
   * What was measured.
   *
   * @param format of the JSON file
   * @param properties of the device and its libraries
   */
  public record Report(
      String format,
      String version,
      String device,
      Map<String, String> properties,
      List<Row> rows) {}

  /**
   * One primitive in one direction.
   *
   * @param name shape, as in torch_ref.py
   * @param micros time of one execution; NaN if it was not executed
   * @param gflops billions of operations a second; NaN if they are not what counts
   * @param gigabytes read and written a second, each operand once; NaN alike
   * @param skipped why it was not executed; null if it was
   */
  public record Row(
      String name,
      String pass,
      String precision,
      String implementation,
      double micros,
      double gflops,
      double gigabytes,
      String skipped) {
    /** What a row of PyTorch's is found by. */
    String key() {
      return name + "|" + pass + "|" + precision;
    }
  }

  /**
   * Measures, prints and writes.
   *
   * @param args "--device NAME --out FILE [--torch FILE] [--quick]"
   */
  public static void main(String[] args) {
    Map<String, String> options =
        Arguments.parse("PrimitiveBenchmarks", args, List.of("device", "out", "torch"));
    boolean quick = options.containsKey("quick");
    Map<String, Double> torch =
        options.containsKey("torch") ? torch(Path.of(options.get("torch"))) : Map.of();
    try (Backend backend = Backends.create(options.getOrDefault("device", "cuda"))) {
      System.out.println(backend.description());
      System.out.printf(
          "%-44s %-13s %-5s %12s %10s %8s %12s  %s%n",
          "case", "pass", "prec", "us", "GFLOP/s", "GB/s", "PyTorch us", "implementation");
      List<Row> rows =
          new PrimitiveCases(backend, new Stopwatch(quick), quick, row -> print(row, torch)).run();
      Report report =
          new Report(
              FORMAT, Version.program(), backend.name(), new TreeMap<>(backend.properties()), rows);
      OutputFiles.write(
          Path.of(options.getOrDefault("out", "primitives.json")), Json.text(report) + "\n");
    }
  }

  private static void print(Row row, Map<String, Double> torch) {
    Double theirs = torch.get(row.key());
    System.out.printf(
        Locale.ROOT,
        "%-44s %-13s %-5s %12s %10s %8s %12s  %s%n",
        row.name,
        row.pass,
        row.precision,
        number(row.micros),
        number(row.gflops),
        number(row.gigabytes),
        theirs == null ? "" : number(theirs),
        row.skipped == null ? row.implementation : "not executed: " + row.skipped);
  }

  private static String number(double v) {
    return Double.isNaN(v) ? "" : String.format(Locale.ROOT, v < 100 ? "%.2f" : "%.0f", v);
  }

  /** PyTorch's times by {@link Row#key}. */
  private static Map<String, Double> torch(Path file) {
    Map<String, Double> times = new HashMap<>();
    try {
      for (JsonNode row : new ObjectMapper().readTree(file.toFile()).path("rows")) {
        times.put(
            row.path("name").asText()
                + "|"
                + row.path("pass").asText()
                + "|"
                + row.path("precision").asText(),
            row.path("micros").asDouble());
      }
    } catch (IOException e) {
      throw new InvalidInputException(file + " cannot be read: " + e.getMessage(), e);
    }
    return times;
  }
}
