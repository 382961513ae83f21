package dev.blindspot.bench.report;

import dev.blindspot.bench.report.AuditResult.LayerRow;
import dev.blindspot.bench.report.AuditResult.Sample;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * An audit as one HTML file that needs nothing else: style, pictures, the chart library and the
 * data are in it.
 */
public final class AuditReport {
  /** Rows of the table of samples; all of them are in audit.json. */
  private static final int MAX_ROWS = 1000;

  private final AuditResult result;
  private final List<Picture> pictures;
  private final AuditSummary summary;

  private AuditReport(AuditResult result, List<Picture> pictures) {
    this.result = result;
    this.pictures = pictures;
    summary = AuditSummary.of(result);
  }

  /**
   * Writes {@code audit.json} and {@code report.html} to a folder, which is made if needed.
   *
   * @param pictures to show, in this order
   */
  public static void write(Path folder, AuditResult result, List<Picture> pictures) {
    String page = html(result, pictures);
    OutputFiles.write(folder.resolve("audit.json"), Json.text(result) + "\n");
    OutputFiles.write(folder.resolve("report.html"), page);
  }

  /** The summary in one sentence. */
  public static String sentence(AuditResult result) {
    return AuditSummary.of(result).sentence(result);
  }

  static String html(AuditResult result, List<Picture> pictures) {
    return new AuditReport(result, pictures).page();
  }

  private String page() {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("title", "Audit of " + Html.escape(result.model().name()));
    parts.put("subtitle", subtitle());
    parts.put("sentence", Html.escape(summary.sentence(result)));
    parts.put("tiles", tiles());
    parts.put("missing", missing());
    parts.put("layers", layers());
    parts.put("statement", Html.escape(result.bounds().statement().split("; ")[0]));
    parts.put("certificates", Certificates.html(result, summary));
    parts.put("reasons", Certificates.reasons(result));
    parts.put("pictures", pictures());
    parts.put("samples", samples());
    parts.put("made", made());
    parts.put("style", Template.resource("report.css"));
    ChartLibrary.put(parts);
    parts.put("data", Json.script(result));
    parts.put("script", Template.resource("report.js"));
    return Template.fill("report.html", parts);
  }

  private String subtitle() {
    AuditResult.Attack a = result.attack();
    return Html.count(result.samples().size())
        + " test images of "
        + Html.escape(result.data().name())
        + " · "
        + (a.targeted() ? "targeted" : "untargeted")
        + " "
        + Html.escape(attackName(a.name()))
        + " · "
        + Html.escape(a.norm())
        + " norm · seed "
        + result.seed();
  }

  /** The name without its settings, as the field writes it. */
  private static String attackName(String nameAndSettings) {
    String name = nameAndSettings.split("\\(", 2)[0];
    return name.equals("lbfgs") ? "L\u2011BFGS" : name.toUpperCase(Locale.ROOT);
  }

  private String tiles() {
    int n = result.samples().size();
    StringBuilder s = new StringBuilder();
    Html.tile(
        s, "Accuracy", Html.percent(result.clean().accuracy()), "whole test split, no attack");
    Html.tile(
        s,
        "Attack succeeds",
        Html.percent(result.attack().successRate()),
        Html.count(summary.succeeded()) + " of " + Html.count(n) + " images");
    Html.tile(s, "Found distance", Html.number(summary.medianFound()), "median L2: an upper bound");
    Html.tile(
        s, "Certified radius", Html.number(summary.medianCertified()), "median L2: a lower bound");
    Html.tile(s, "Gap", Html.number(summary.medianRatio()) + "×", "median of found / certified");
    Html.tile(
        s,
        "Distortion",
        Html.number(result.attack().meanDistortionRms()),
        "mean RMS change of a pixel, range 0 to 1");
    return s.toString();
  }

  /** What the charts leave out. */
  private String missing() {
    int failed = result.samples().size() - summary.succeeded();
    String s = failed == 0 ? "" : "Not shown: " + Html.count(failed) + " without an adversarial. ";
    int open = result.samples().size() - summary.certified();
    return open == 0 ? s : s + "Not certified: " + Html.count(open) + ", see below.";
  }

  private String layers() {
    StringBuilder s = new StringBuilder();
    for (LayerRow r : result.bounds().layers()) {
      Html.row(
          s,
          Html.escape(r.name()),
          Html.escape(r.kind()),
          Html.number(r.lower()),
          Html.number(r.upper()),
          Html.escape(r.method()));
    }
    s.append("<tr class=\"total\"><td>network</td><td>product</td><td></td><td>");
    s.append(Html.number(result.bounds().networkUpper())).append("</td><td></td></tr>\n");
    return s.toString();
  }

  private String pictures() {
    StringBuilder s = new StringBuilder();
    for (Picture p : pictures) {
      Sample sample = result.samples().get(p.sample());
      s.append("<figure class=\"triple\">");
      picture(s, Pixels.image(p, p.original()), "" + sample.predicted(), "original");
      picture(s, Pixels.difference(p), "→", "difference ×10");
      picture(s, Pixels.image(p, p.adversarial()), answer(sample), "adversarial");
      s.append("<figcaption>#").append(sample.index()).append(" · found ");
      s.append(Html.number(sample.l2())).append(" · certified ");
      s.append(Html.number(sample.certifiedL2())).append("</figcaption></figure>\n");
    }
    return pictures.isEmpty() ? "<p>No picture can be shown.</p>" : s.toString();
  }

  private static String answer(Sample s) {
    return s.success() ? "" + s.adversarialLabel() : "none";
  }

  private static void picture(StringBuilder s, String uri, String label, String what) {
    s.append("<div><img alt=\"").append(what).append(", ").append(label).append("\" src=\"");
    s.append(uri).append("\"><b>").append(label).append("</b><small>").append(what);
    s.append("</small></div>");
  }

  private String samples() {
    StringBuilder s = new StringBuilder();
    result.samples().stream()
        .limit(MAX_ROWS)
        .forEach(
            x ->
                Html.row(
                    s,
                    "" + x.index(),
                    "" + x.label(),
                    x.target() == null ? "any other" : "" + x.target(),
                    answer(x),
                    Html.number(x.certifiedL2()),
                    Html.number(x.certifiedL2Real()),
                    Html.number(x.l2()),
                    Html.number(x.linf()),
                    Html.number(x.rms()),
                    Html.count(x.evaluations()),
                    Html.escape(x.stoppedBecause())));
    return s.toString();
  }

  private String made() {
    StringBuilder s = new StringBuilder();
    Html.facts(
        s,
        result.command(),
        result.version(),
        result.device(),
        result.threads(),
        result.precision());
    Html.fact(
        s,
        "Network",
        Html.escape(result.model().name())
            + ", "
            + result.model().layers()
            + " layers, "
            + Html.count(result.model().parameters())
            + " parameters");
    Html.fact(s, "Seed", "" + result.seed());
    Html.fact(
        s,
        "Attack",
        Html.escape(result.attack().name())
            + ", "
            + Html.number(result.attack().gradientEvaluationsPerSample())
            + " gradients for each image; each adversarial was confirmed by a forward pass of the"
            + " reference backend");
    AuditResult.Seconds t = result.seconds();
    Html.fact(
        s,
        "Time",
        "training "
            + Html.seconds(t.train())
            + ", attack "
            + Html.seconds(t.attack())
            + ", bounds "
            + Html.seconds(t.bounds())
            + ", all "
            + Html.seconds(t.total()));
    StringBuilder which = new StringBuilder();
    result
        .implementations()
        .forEach(
            (layer, implementation) ->
                which
                    .append(which.length() > 0 ? "<br>" : "")
                    .append(Html.escape(layer + ": " + implementation)));
    Html.fact(s, "Implementations", which.toString());
    Html.fact(s, "Charts", ChartLibrary.NAME);
    return s.toString();
  }
}
