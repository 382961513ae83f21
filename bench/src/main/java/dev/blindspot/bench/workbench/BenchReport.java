package dev.blindspot.bench.workbench;

import dev.blindspot.bench.report.ChartLibrary;
import dev.blindspot.bench.report.Html;
import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.bench.report.Template;
import dev.blindspot.bench.workbench.BenchResult.PeerTimes;
import dev.blindspot.bench.workbench.BenchResult.Row;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the workbench measured as one HTML file that needs nothing else: the roofline with each
 * problem's point, the ratios to a peer, and all numbers.
 */
public final class BenchReport {
  /** Pixels of a bar, and of what stands round the bars. */
  private static final int BAR = 19;

  private static final int AROUND = 70;

  private final BenchResult result;
  private final List<Row> measured;
  private final List<Row> beside;

  private BenchReport(BenchResult result) {
    this.result = result;
    measured = result.results().stream().filter(r -> r.medianUs() != null).toList();
    beside =
        measured.stream()
            .filter(r -> r.beside() != null && r.beside().peerRatio() != null)
            .toList();
  }

  /** Writes {@code bench.html} to a folder, which is made if needed. */
  public static void write(Path folder, BenchResult result) {
    OutputFiles.write(folder.resolve("bench.html"), html(result));
  }

  static String html(BenchResult result) {
    return new BenchReport(result).page();
  }

  private String page() {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("title", "Workbench");
    parts.put("subtitle", subtitle());
    parts.put("sentence", Html.escape(sentence()));
    parts.put("roofline", roofline());
    parts.put("ratios", ratios());
    parts.put("heads", beside() ? peerHeads() : "");
    parts.put("rows", rows());
    parts.put("skipped", skipped());
    parts.put("made", made());
    parts.put("style", Template.resource("report.css"));
    ChartLibrary.put(parts);
    parts.put("data", Json.script(result));
    parts.put("script", Template.resource("bench.js"));
    return Template.fill("bench.html", parts);
  }

  private boolean beside() {
    return result.results().stream().anyMatch(r -> r.beside() != null);
  }

  private String subtitle() {
    return Html.escape(result.machine().processor())
        + " · "
        + Html.escape(result.machine().device())
        + " · "
        + result.threads()
        + (result.threads() == 1 ? " thread" : " threads");
  }

  /** The result in one sentence. */
  private String sentence() {
    double[] shares = measured.stream().mapToDouble(Row::peakShare).sorted().toArray();
    String own =
        measured.size()
            + (measured.size() == 1 ? " problem" : " problems")
            + " measured"
            + (shares.length == 0
                ? ""
                : ", half of them at "
                    + String.format(Locale.ROOT, "%.0f %%", 100 * shares[shares.length / 2])
                    + " of the roofline or more");
    Double mean =
        result.peerGeometricMeans() == null ? null : result.peerGeometricMeans().get("all");
    return mean == null
        ? own + "."
        : own
            + "; "
            + beside.get(0).beside().peer()
            + " takes "
            + Html.number(mean)
            + " times our time in the geometric mean.";
  }

  private String roofline() {
    if (measured.stream().noneMatch(r -> r.gflops() != null && r.gigabytes() != null)) {
      return "";
    }
    return "<section class=\"card\">\n<h2>How far from the roof?</h2>\n<p>A machine is bound by its"
        + " memory (the slope) or by its arithmetic (the level). Points: operations a second over"
        + " operations for each byte that has to move, every operand once.</p>\n"
        + key(beside())
        + "<div class=\"chart roof\"><canvas id=\"roofline\" role=\"img\" aria-label=\"Operations a"
        + " second over operations a byte, under the roofline\"></canvas></div>\n</section>\n";
  }

  private static String key(boolean peer) {
    return "<p class=\"key\"><span><i class=\"certified\"></i>forward</span><span><i"
        + " class=\"found\"></i>gradient of the input</span><span><i class=\"exact\"></i>gradient"
        + " of the weights</span>"
        + (peer ? "<span><i class=\"hollow\"></i>the peer</span>" : "")
        + "</p>\n";
  }

  private String ratios() {
    if (beside.isEmpty()) {
      return "";
    }
    StringBuilder s = new StringBuilder("<section class=\"card\">\n<h2>Beside ");
    s.append(Html.escape(beside.get(0).beside().peer())).append("</h2>\n");
    s.append("<p>Its median time over ours, measured in turn; it runs in a process of its own and");
    s.append(" the best of its layouts and settings counts.</p>\n");
    s.append("<div class=\"chart\" style=\"height: ").append(AROUND + BAR * beside.size());
    s.append("px\"><canvas id=\"ratios\" role=\"img\" aria-label=\"The peer's time over ours for");
    s.append(" each problem\"></canvas></div>\n");
    s.append("<table><thead><tr><th>geometric mean of</th><th>ratio</th></tr>");
    s.append("</thead><tbody>\n");
    result
        .peerGeometricMeans()
        .forEach((key, mean) -> Html.row(s, Html.escape(key), Html.number(mean)));
    return s.append("</tbody></table>\n</section>\n").toString();
  }

  private String peerHeads() {
    boolean errors = result.results().stream().anyMatch(r -> r.normError() != null);
    return "<th>its median µs</th><th>ratio</th><th class=\"text\">its implementation</th>"
        + (errors ? "<th>error</th><th>its error</th>" : "");
  }

  private String rows() {
    boolean errors = result.results().stream().anyMatch(r -> r.normError() != null);
    StringBuilder s = new StringBuilder();
    for (Row r : measured) {
      s.append("<tr><td title=\"").append(Html.escape(r.prb())).append("\">");
      boolean unnamed = r.name().isEmpty() || r.overhead() != null;
      s.append(Html.escape(unnamed ? r.prb() : r.name())).append("</td>");
      text(s, r.driver() + " " + r.dir());
      number(s, r.medianUs());
      number(s, r.minUs());
      number(s, r.gflops());
      number(s, r.gigabytes());
      s.append("<td>").append(String.format(Locale.ROOT, "%.0f %%", 100 * r.peakShare()));
      s.append("</td>");
      if (beside()) {
        peer(s, r, errors);
      }
      text(s, r.impl());
      s.append("</tr>\n");
    }
    return s.toString();
  }

  private static void peer(StringBuilder s, Row r, boolean errors) {
    PeerTimes p = r.beside() == null ? PeerTimes.skipped("", "not asked for") : r.beside();
    number(s, p.peerMedianUs());
    number(s, p.peerRatio());
    text(s, p.peerSkipped() == null ? p.peerImpl() : p.peerSkipped());
    if (errors) {
      number(s, r.normError());
      number(s, p.peerNormError());
    }
  }

  private static void text(StringBuilder s, String text) {
    s.append("<td class=\"text\">").append(Html.escape(text)).append("</td>");
  }

  private static void number(StringBuilder s, Double v) {
    s.append("<td>").append(Html.number(v == null ? Double.NaN : v)).append("</td>");
  }

  private String skipped() {
    StringBuilder s = new StringBuilder();
    for (Row r : result.results()) {
      if (r.skipped() != null) {
        s.append("<p class=\"note\">Not executed: ").append(Html.escape(r.prb() + " " + r.dir()));
        s.append(" (").append(Html.escape(r.skipped())).append(")</p>\n");
      }
    }
    return s.toString();
  }

  private String made() {
    StringBuilder s = new StringBuilder();
    Html.fact(s, "Command", "<code>" + Html.escape(result.command()) + "</code>");
    Html.fact(
        s,
        "Machine",
        String.format(
            Locale.ROOT,
            "%s; matrix products reach %.1f GFLOP/s, copies %.1f GB/s",
            Html.escape(result.machine().processor()),
            result.machine().gflops(),
            result.machine().gigabytes()));
    result
        .versions()
        .forEach((name, version) -> Html.fact(s, Html.escape(name), Html.escape(version)));
    beside.stream()
        .map(r -> r.beside().peer() + ": " + r.beside().peerConfig())
        .distinct()
        .forEach(c -> Html.fact(s, "Peer’s settings", Html.escape(c)));
    Html.fact(s, "Charts", ChartLibrary.NAME);
    return s.toString();
  }
}
