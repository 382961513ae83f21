package dev.blindspot.bench.report;

import dev.blindspot.bench.report.AuditResult.Sample;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What the two certified radii of a sample say, how often they hold, and why one is 0. */
final class Certificates {
  private Certificates() {}

  /** Rows of a table. */
  static String html(AuditResult r, AuditSummary summary) {
    String[] statements = r.bounds().statement().split("; ");
    StringBuilder s = new StringBuilder();
    for (String statement : statements) {
      String[] part = statement.split(": ", 2);
      if (part[0].equals("certified_l2")) {
        row(s, "float32 program", summary.certified(), summary.medianCertified(), part[1], r);
      } else if (part[0].equals("certified_l2_real")) {
        row(s, "real-valued network", summary.real(), summary.medianReal(), part[1], r);
      }
    }
    return s.toString();
  }

  private static void row(
      StringBuilder s, String name, int count, double median, String statement, AuditResult r) {
    s.append("<tr><td>").append(name).append("</td><td>");
    s.append(Html.count(count)).append(" of ").append(Html.count(r.samples().size()));
    s.append("</td><td>").append(Html.number(median)).append("</td><td>");
    s.append(Html.escape(Character.toUpperCase(statement.charAt(0)) + statement.substring(1)));
    s.append(".</td></tr>\n");
  }

  /** Why samples have no radius for the float32 program, with their number; empty if all have. */
  static String reasons(AuditResult r) {
    Map<String, Long> reasons =
        r.samples().stream()
            .map(Sample::notCertifiedBecause)
            .filter(Objects::nonNull)
            .collect(Collectors.groupingBy(x -> x, TreeMap::new, Collectors.counting()));
    StringBuilder s = new StringBuilder();
    reasons.forEach(
        (reason, count) ->
            s.append("<p>Radius 0 for the float32 program: ")
                .append(Html.count(count))
                .append(count == 1 ? " image, because " : " images, because ")
                .append(Html.escape(reason))
                .append(".</p>\n"));
    return s.toString();
  }
}
