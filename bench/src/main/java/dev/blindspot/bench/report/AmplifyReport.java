package dev.blindspot.bench.report;

import dev.blindspot.attacks.instability.Statistics;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The growth of perturbations over a network's layers as one HTML file that needs nothing else. */
public final class AmplifyReport {
  private final AmplifyResult result;

  private AmplifyReport(AmplifyResult result) {
    this.result = result;
  }

  /** Writes {@code amplify.html} to a folder, which is made if needed. */
  public static void write(Path folder, AmplifyResult result) {
    OutputFiles.write(folder.resolve("amplify.html"), html(result));
  }

  static String html(AmplifyResult result) {
    return new AmplifyReport(result).page();
  }

  /** The result in one sentence. */
  public static String sentence(AmplifyResult r) {
    AmplifyResult.Layer output = r.output();
    String bound =
        Double.isFinite(r.networkUpper())
            ? "no perturbation can grow by more than " + Html.number(r.networkUpper())
            : "the bounds are not finite";
    return String.format(
        Locale.ROOT,
        "From the input of %s to its output, adversarial perturbations of %d images grew by a factor"
            + " of %s (mean; at most %s), Gaussian noise of the same size by %s; %s.",
        r.model(),
        r.measured(),
        Html.number(output.adversarial().soFar().mean()),
        Html.number(output.adversarial().soFar().max()),
        Html.number(output.noise().soFar().mean()),
        bound);
  }

  private String page() {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("title", "Instability over the layers of " + Html.escape(result.model()));
    parts.put("subtitle", subtitle());
    parts.put("sentence", Html.escape(sentence(result)));
    parts.put("tiles", tiles());
    parts.put("statement", Html.escape(result.statement()));
    parts.put("table", table(result.layers()));
    parts.put("made", made());
    parts.put("style", Template.resource("report.css"));
    ChartLibrary.put(parts);
    parts.put("data", Json.script(result.layers()));
    parts.put("script", Template.resource("instability.js"));
    return Template.fill("amplify.html", parts);
  }

  private String subtitle() {
    return Html.count(result.measured())
        + " test images of "
        + Html.escape(result.data())
        + " · "
        + Html.escape(result.attack().split("\\(", 2)[0])
        + " · "
        + Html.escape(result.norm())
        + " norm · seed "
        + result.seed();
  }

  private String tiles() {
    StringBuilder s = new StringBuilder();
    Statistics adversarial = result.output().adversarial().soFar();
    Html.tile(
        s, "Adversarial growth", "×" + Html.number(adversarial.mean()), "mean, to the output");
    Html.tile(
        s,
        "Noise growth",
        "×" + Html.number(result.output().noise().soFar().mean()),
        "mean, the same lengths");
    Html.tile(s, "Bound", "×" + Html.number(result.networkUpper()), "for any perturbation");
    Html.tile(
        s,
        "Perturbation",
        Html.number(result.perturbationL2().mean()),
        "mean L2 norm, "
            + Html.count(result.measured())
            + " of "
            + Html.count(result.attacked())
            + " attacks succeeded");
    return s.toString();
  }

  /** The table of the rows, for any page with the style of {@code table.growth}. */
  static String table(List<AmplifyResult.Layer> layers) {
    StringBuilder s = new StringBuilder("<table class=\"growth\"><thead><tr><th class=\"name\">");
    s.append("layer</th><th class=\"name\">kind</th><th colspan=\"2\">bracket</th>");
    s.append("<th colspan=\"2\">step, mean</th><th>product</th>");
    s.append("<th colspan=\"3\">adversarial so far</th><th colspan=\"3\">noise so far</th></tr>");
    s.append(
        "<tr><th></th><th></th><th>lower</th><th>upper</th><th>adversarial</th><th>noise</th>");
    s.append("<th>so far</th><th>mean</th><th>median</th><th>max</th><th>mean</th><th>median</th>");
    s.append("<th>max</th></tr></thead><tbody>\n");
    for (AmplifyResult.Layer l : layers) {
      Statistics a = l.adversarial().soFar();
      Statistics n = l.noise().soFar();
      Html.row(
          s,
          Html.escape(l.name()),
          Html.escape(l.kind()),
          Html.number(l.lower()),
          Html.number(l.upper()),
          Html.number(l.adversarial().step().mean()),
          Html.number(l.noise().step().mean()),
          Html.number(l.product()),
          Html.number(a.mean()),
          Html.number(a.median()),
          Html.number(a.max()),
          Html.number(n.mean()),
          Html.number(n.median()),
          Html.number(n.max()));
    }
    return s.append("</tbody></table>\n").toString();
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
    Html.fact(s, "Attack", Html.escape(result.attack()));
    Html.fact(s, "Accuracy", Html.percent(result.cleanAccuracy()) + " on the whole test split");
    Html.fact(s, "Time", Html.seconds(result.seconds()) + " without training");
    Html.fact(s, "Charts", ChartLibrary.NAME);
    return s.toString();
  }
}
