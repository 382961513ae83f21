package dev.blindspot.bench.report;

import dev.blindspot.attacks.calibration.Calibration;
import dev.blindspot.attacks.calibration.CalibrationStudy.Condition;
import dev.blindspot.attacks.calibration.Transformation;
import dev.blindspot.attacks.calibration.UncertaintyCondition;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How far a network's confidence can be believed, as one HTML file that needs nothing else:
 * reliability diagrams over confidence histograms, and accuracy beside confidence under change.
 */
public final class CalibrationReport {
  private final CalibrationResult result;

  private CalibrationReport(CalibrationResult result) {
    this.result = result;
  }

  /** Writes {@code calibrate.html} to a folder, which is made if needed. */
  public static void write(Path folder, CalibrationResult result) {
    OutputFiles.write(folder.resolve("calibrate.html"), html(result));
  }

  static String html(CalibrationResult result) {
    return new CalibrationReport(result).page();
  }

  /** The result in one sentence, with the images on which confidence is worst. */
  public static String sentence(CalibrationResult r) {
    Condition worst =
        r.conditions().stream()
            .max(Comparator.comparingDouble(c -> c.calibration().expectedError()))
            .orElseThrow();
    Condition clean = r.conditions().get(0);
    return r.model()
        + " on "
        + r.examples()
        + " test images of "
        + r.data()
        + ": "
        + measured(clean)
        + (worst == clean ? "" : "; " + worst.name() + ": " + measured(worst))
        + ".";
  }

  private static String measured(Condition c) {
    return String.format(
        Locale.ROOT,
        "accuracy %.1f %%, mean confidence %.1f %%, expected calibration error %.2f %%",
        100 * c.calibration().accuracy(),
        100 * c.calibration().confidence(),
        100 * c.calibration().expectedError());
  }

  private String page() {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("title", "Confidence of " + Html.escape(result.model()));
    parts.put("subtitle", subtitle());
    parts.put("sentence", Html.escape(sentence(result)));
    parts.put("diagrams", diagrams());
    parts.put("rows", rows());
    parts.put("temperature", temperature());
    parts.put("uncertainty", uncertainty());
    parts.put("changes", changes());
    parts.put("strengths", strengths());
    parts.put("made", made());
    parts.put("style", Template.resource("report.css"));
    ChartLibrary.put(parts);
    parts.put("data", Json.script(result));
    parts.put("script", Template.resource("calibrate.js"));
    return Template.fill("calibrate.html", parts);
  }

  private String subtitle() {
    return Html.count(result.examples())
        + " test images of "
        + Html.escape(result.data())
        + " · "
        + result.bins()
        + " bins · seed "
        + result.seed();
  }

  private String diagrams() {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < result.conditions().size(); i++) {
      Condition c = result.conditions().get(i);
      s.append("<div class=\"diagram\"><h3>").append(Html.escape(c.name())).append("<span>");
      s.append(Html.count(c.calibration().count())).append(" images</span></h3><p>accuracy ");
      s.append(percent(c.calibration().accuracy())).append(" · confidence ");
      s.append(percent(c.calibration().confidence())).append(" · ECE <b>");
      s.append(percent(c.calibration().expectedError())).append("</b></p>");
      s.append("<div class=\"plot\"><canvas id=\"reliability").append(i);
      s.append("\" role=\"img\" aria-label=\"Accuracy against confidence\"></canvas></div>");
      s.append("<div class=\"strip\"><canvas id=\"histogram").append(i);
      s.append("\" role=\"img\" aria-label=\"Histogram of confidence\"></canvas></div></div>\n");
    }
    return s.toString();
  }

  private static String percent(double part) {
    return String.format(Locale.ROOT, "%.1f\u00a0%%", 100 * part);
  }

  private static String fine(double part) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * part);
  }

  private String rows() {
    StringBuilder s = new StringBuilder();
    for (Condition condition : result.conditions()) {
      Calibration c = condition.calibration();
      Html.row(
          s,
          Html.escape(condition.name()),
          Html.count(c.count()),
          fine(c.accuracy()),
          fine(c.confidence()),
          fine(c.expectedError()),
          fine(c.equalMassError()),
          fine(c.maximumError()),
          Html.number(c.negativeLogLikelihood()),
          Html.number(c.brierScore()),
          condition.scaled() == null ? "–" : fine(condition.scaled().expectedError()));
    }
    return s.toString();
  }

  private String temperature() {
    if (result.temperature() == null) {
      return "";
    }
    return "<p>Temperature "
        + Html.number(result.temperature().temperature())
        + ", fitted on "
        + Html.count(result.temperature().samples())
        + " test images that are not measured here: their negative log-likelihood falls from "
        + String.format(Locale.ROOT, "%.4f", result.temperature().before())
        + " to "
        + String.format(Locale.ROOT, "%.4f", result.temperature().after())
        + ". The last column is the ECE with it; no label changes.</p>";
  }

  private String uncertainty() {
    CalibrationResult.Uncertainty u = result.uncertainty();
    if (u == null) {
      return "";
    }
    StringBuilder s = new StringBuilder("<section class=\"card\">\n<h2>Does it know what it does");
    s.append(" not know?</h2>\n<p>A distribution of predictions instead of one: ");
    s.append(Html.escape(u.method())).append(". Adversarial examples were made for ");
    s.append(Html.escape(u.attacked())).append("; only successes count. AUROC: the chance that");
    s.append(" such an image has more entropy, or mutual information, than a clean one; 0.5 tells");
    s.append(" nothing.</p>\n<div class=\"scroll\"><table class=\"measures\"><thead><tr>");
    s.append("<th>images</th><th>count</th><th>accuracy</th><th>confidence</th><th>ECE</th>");
    s.append("<th>entropy</th><th>mutual information</th><th>AUROC of entropy</th>");
    s.append("<th>of information</th></tr></thead><tbody>\n");
    for (UncertaintyCondition c : u.conditions()) {
      Html.row(
          s,
          Html.escape(c.name()),
          Html.count(c.calibration().count()),
          fine(c.calibration().accuracy()),
          fine(c.calibration().confidence()),
          fine(c.calibration().expectedError()),
          Html.number(c.entropy()),
          Html.number(c.mutualInformation()),
          Html.number(c.entropyAuroc()),
          Html.number(c.informationAuroc()));
    }
    return s.append("</tbody></table></div>\n</section>\n").toString();
  }

  private String changes() {
    String[] titles = {"Shift, pixels", "Rotation, degrees", "Scale, factor", "Blur, pixels"};
    StringBuilder s = new StringBuilder();
    for (Transformation.Kind kind : Transformation.Kind.values()) {
      s.append("<div class=\"diagram\"><h3>").append(titles[kind.ordinal()]).append("</h3>");
      s.append("<div class=\"plot\"><canvas id=\"").append(kind);
      s.append("\" role=\"img\" aria-label=\"Accuracy and confidence against strength\">");
      s.append("</canvas></div></div>\n");
    }
    return s.toString();
  }

  private String strengths() {
    StringBuilder s = new StringBuilder();
    result
        .generalization()
        .forEach(
            p ->
                Html.row(
                    s,
                    p.transformation().kind().name().toLowerCase(Locale.ROOT),
                    Html.number(p.transformation().strength()),
                    fine(p.accuracy()),
                    fine(p.confidence())));
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
        "Attacks",
        result.attacks().isEmpty() ? "none" : Html.escape(String.join("; ", result.attacks())));
    Html.fact(s, "Charts", ChartLibrary.NAME);
    Html.fact(s, "Time", Html.seconds(result.seconds()) + " without training");
    return s.toString();
  }
}
