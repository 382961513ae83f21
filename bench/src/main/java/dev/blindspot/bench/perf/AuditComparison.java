package dev.blindspot.bench.perf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Two audits of the same network on two devices: equal success, mean distortions within 1 %, 95 %
 * of the samples within 5 %.
 *
 * @param sameSuccess samples that succeed, or fail, on both
 * @param close part of the samples which succeed on both whose distances differ by at most 5 %
 * @param meanDifference relative difference of the mean distortions
 */
public record AuditComparison(
    String first,
    String second,
    int samples,
    int sameSuccess,
    double close,
    double meanDifference,
    boolean agree) {
  private static final double MEAN_TOLERANCE = 0.01;
  private static final double SAMPLE_TOLERANCE = 0.05;
  private static final double CLOSE_SAMPLES = 0.95;

  /**
   * Compares two files audit.json and writes the result; fails if they do not agree.
   *
   * @param args the two files, and the file to write
   */
  public static void main(String[] args) {
    if (args.length != 3) {
      throw new InvalidInputException(
          "AuditComparison: give two files audit.json and one to write");
    }
    AuditComparison result = of(Path.of(args[0]), Path.of(args[1]));
    OutputFiles.write(Path.of(args[2]), Json.text(result) + "\n");
    System.out.printf(
        "%s / %s: %d samples, success equal on %d, %.1f %% within 5 %%, means differ by %.2f %%: %s%n",
        result.first,
        result.second,
        result.samples,
        result.sameSuccess,
        100 * result.close,
        100 * result.meanDifference,
        result.agree ? "agree" : "DIFFER");
    if (!result.agree) {
      throw new BlindspotException("The audits " + args[0] + " and " + args[1] + " do not agree");
    }
  }

  /** The comparison of two files. */
  static AuditComparison of(Path first, Path second) {
    JsonNode a = read(first);
    JsonNode b = read(second);
    JsonNode ours = a.path("samples");
    JsonNode theirs = b.path("samples");
    if (ours.isEmpty() || ours.size() != theirs.size()) {
      throw new InvalidInputException(
          first + " has " + ours.size() + " samples, " + second + " has " + theirs.size());
    }
    int same = 0;
    int both = 0;
    int close = 0;
    for (int i = 0; i < ours.size(); i++) {
      JsonNode x = ours.get(i);
      JsonNode y = theirs.get(i);
      if (x.path("index").asInt() != y.path("index").asInt()) {
        throw new InvalidInputException("sample " + i + " is of another image in " + second);
      }
      boolean success = x.path("success").asBoolean();
      if (success == y.path("success").asBoolean()) {
        same++;
        both += success ? 1 : 0;
        close += success && difference(x, y, "l2") <= SAMPLE_TOLERANCE ? 1 : 0;
      }
    }
    double part = both == 0 ? 1 : (double) close / both;
    double mean = difference(a.path("attack"), b.path("attack"), "mean_distortion_rms");
    boolean agree = same == ours.size() && part >= CLOSE_SAMPLES && mean <= MEAN_TOLERANCE;
    return new AuditComparison(
        a.path("device").asText(), b.path("device").asText(), ours.size(), same, part, mean, agree);
  }

  /** The relative difference of a number; 0 if both have none. */
  private static double difference(JsonNode a, JsonNode b, String name) {
    if (a.path(name).isNull() && b.path(name).isNull()) {
      return 0;
    }
    double x = a.path(name).asDouble(Double.NaN);
    double y = b.path(name).asDouble(Double.NaN);
    return x == y ? 0 : Math.abs(x - y) / Math.abs(x);
  }

  private static JsonNode read(Path file) {
    try {
      JsonNode node = new ObjectMapper().readTree(file.toFile());
      if (node == null || !node.path("format").asText().equals("blindspot-audit-1")) {
        throw new InvalidInputException(file + " is not the result of an audit");
      }
      return node;
    } catch (IOException e) {
      throw new InvalidInputException(file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
