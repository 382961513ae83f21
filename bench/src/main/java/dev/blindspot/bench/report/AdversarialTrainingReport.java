package dev.blindspot.bench.report;

import dev.blindspot.bench.report.AdversarialTrainingResult.Variant;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A comparison of trainings as one HTML file that needs nothing else: section 4.1 of "Intriguing
 * properties of neural networks", the paper's numbers beside ours.
 */
public final class AdversarialTrainingReport {
  /** Standard errors of the difference that a claim needs. */
  private static final double CLEAR = 2;

  private final AdversarialTrainingResult result;

  private AdversarialTrainingReport(AdversarialTrainingResult result) {
    this.result = result;
  }

  /** Writes {@code adv-train.html} to a folder, which is made if needed. */
  public static void write(Path folder, AdversarialTrainingResult result) {
    OutputFiles.write(folder.resolve("adv-train.html"), html(result));
  }

  static String html(AdversarialTrainingResult result) {
    return new AdversarialTrainingReport(result).page();
  }

  /** The result in one sentence. */
  public static String sentence(AdversarialTrainingResult r) {
    String errors =
        r.variants().stream().map(v -> v.name() + " " + mean(v)).collect(Collectors.joining(", "));
    String verdict =
        r.variants().stream()
            .filter(v -> v.standardErrorsBelowDecay() != null)
            .map(AdversarialTrainingReport::verdict)
            .collect(Collectors.joining("; "));
    return String.format(
        Locale.ROOT,
        "%s on %s, %s error over %d seed%s: %s%s.",
        r.model(),
        r.data(),
        r.evaluatedOn(),
        r.seeds().size(),
        r.seeds().size() == 1 ? "" : "s",
        errors,
        verdict.isEmpty() ? "" : " (" + verdict + ")");
  }

  private static String verdict(Variant v) {
    double by = v.standardErrorsBelowDecay();
    if (Double.isNaN(by)) {
      return v.name() + ": no spread known to compare by";
    }
    String distance = String.format(Locale.ROOT, "%.1f standard errors", Math.abs(by));
    if (by > CLEAR) {
      return v.name() + " is below weight decay alone by " + distance;
    }
    return by < -CLEAR
        ? v.name() + " is above weight decay alone by " + distance
        : v.name() + " cannot be told from weight decay alone, " + distance + " apart";
  }

  /** "1.62 ± 0.03 %". */
  private static String mean(Variant v) {
    return Double.isNaN(v.standardError())
        ? Html.percent(v.meanError())
        : String.format(
            Locale.ROOT, "%.2f ± %.2f %%", 100 * v.meanError(), 100 * v.standardError());
  }

  private String page() {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("title", "Adversarial training of " + Html.escape(result.model()));
    parts.put("subtitle", subtitle());
    parts.put("sentence", Html.escape(sentence(result)));
    parts.put("tiles", tiles());
    parts.put("evaluated", evaluated());
    parts.put("table", table(result.variants()));
    parts.put("made", made());
    parts.put("style", Template.resource("report.css"));
    ChartLibrary.put(parts);
    parts.put("data", Json.script(result.variants()));
    parts.put("script", Template.resource("adv-train.js"));
    return Template.fill("adv-train.html", parts);
  }

  private String subtitle() {
    return Html.count(result.trainImages())
        + " training images of "
        + Html.escape(result.data())
        + " · "
        + Html.count(result.epochs())
        + " epochs · seeds "
        + result.seeds().stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  private String tiles() {
    StringBuilder s = new StringBuilder();
    for (Variant v : result.variants()) {
      Html.tile(
          s,
          Html.escape(v.name()),
          Html.percent(Math.round(v.meanError() * 1e4) / 1e4),
          v.paperError() == null
              ? "mean error"
              : "mean error; paper " + Html.percent(v.paperError()));
    }
    return s.toString();
  }

  private String evaluated() {
    String images = Html.count(result.evaluatedImages());
    return result.evaluatedOn().equals("test")
        ? "Measured on the " + images + " test images, which no choice was made by."
        : "Measured on "
            + images
            + " images held out from the training data: for choosing settings, not for claims.";
  }

  /** A row for each variant, for any page with the style of {@code table.numbers}. */
  static String table(List<Variant> variants) {
    StringBuilder s = new StringBuilder("<table class=\"numbers\"><thead><tr><th>variant</th>");
    s.append("<th>mean error</th><th>standard error</th><th>paper</th><th>below decay by</th>");
    s.append("<th>training error</th><th>seconds</th><th>each seed</th></tr></thead><tbody>\n");
    for (Variant v : variants) {
      Html.row(
          s,
          Html.escape(v.name()),
          percent(v.meanError()),
          percent(v.standardError()),
          v.paperError() == null ? "–" : percent(v.paperError()),
          v.standardErrorsBelowDecay() == null
              ? "–"
              : String.format(Locale.ROOT, "%.1f s.e.", v.standardErrorsBelowDecay()),
          percent(v.trainErrors().stream().mapToDouble(e -> e).average().orElse(Double.NaN)),
          Html.count(Math.round(v.trainSeconds().stream().mapToDouble(t -> t).sum())),
          v.errors().stream()
              .map(AdversarialTrainingReport::percent)
              .collect(Collectors.joining(", ")));
    }
    return s.append("</tbody></table>\n").toString();
  }

  private static String percent(double share) {
    return Double.isNaN(share) ? "–" : String.format(Locale.ROOT, "%.2f %%", 100 * share);
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
    for (Variant v : result.variants()) {
      Html.fact(s, Html.escape(v.name()), "<code>" + Html.escape(v.settings()) + "</code>");
    }
    double training =
        result.variants().stream()
            .flatMap(v -> v.trainSeconds().stream())
            .mapToDouble(t -> t)
            .sum();
    Html.fact(
        s,
        "Time",
        Html.seconds(result.seconds()) + "; all trainings together " + Html.seconds(training));
    Html.fact(s, "Charts", ChartLibrary.NAME);
    return s.toString();
  }
}
