package dev.blindspot.bench.report;

import dev.blindspot.attacks.inspect.TopImages;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.data.DataSet;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * An inspection as one HTML file that needs nothing else: the rows of pictures that excite single
 * units, beside those of random directions, as figures 1 and 2 of "Intriguing properties of neural
 * networks".
 */
public final class InspectionReport {
  /** Rows of each kind on the page; all of them are in the JSON file. */
  private static final int MAX_ROWS = 50;

  /** Pictures of a row on the page. */
  private static final int MAX_PICTURES = 16;

  private final InspectionResult result;
  private final DataSet test;

  private InspectionReport(InspectionResult result, DataSet test) {
    this.result = result;
    this.test = test;
  }

  /**
   * Writes {@code inspect.html} to a folder, which is made if needed.
   *
   * @param test the split that the rows' images are positions in
   */
  public static void write(Path folder, InspectionResult result, DataSet test) {
    OutputFiles.write(folder.resolve("inspect.html"), html(result, test));
  }

  static String html(InspectionResult result, DataSet test) {
    return new InspectionReport(result, test).page();
  }

  /** The result in one sentence. */
  public static String sentence(InspectionResult r) {
    return String.format(
        Locale.ROOT,
        "Layer %s of %s: the top %d of %d images agree on a label by %.1f %% for single units and by"
            + " %.1f %% for random directions (means of %d and %d; p = %.4f).",
        r.layer(),
        r.model(),
        r.units().get(0).images().size(),
        r.images(),
        100 * r.meanUnitPurity(),
        100 * r.meanDirectionPurity(),
        r.units().size(),
        r.directions().size(),
        r.pValue());
  }

  private String page() {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("title", "Units of " + Html.escape(result.model()));
    parts.put("subtitle", subtitle());
    parts.put("sentence", Html.escape(sentence(result)));
    parts.put("tiles", tiles());
    parts.put("units", rows("unit", result.units()));
    parts.put("directions", rows("direction", result.directions()));
    parts.put("left", leftOut());
    parts.put("made", made());
    parts.put("style", Template.resource("report.css"));
    return Template.fill("inspect.html", parts);
  }

  private String subtitle() {
    return "layer "
        + Html.escape(result.layer())
        + " · "
        + Html.count(result.images())
        + " test images of "
        + Html.escape(result.data())
        + " · seed "
        + result.seed();
  }

  private String tiles() {
    StringBuilder s = new StringBuilder();
    Html.tile(
        s,
        "Purity of units",
        Html.percent(result.meanUnitPurity()),
        "mean of " + Html.count(result.units().size()));
    Html.tile(
        s,
        "Purity of directions",
        Html.percent(result.meanDirectionPurity()),
        "mean of " + Html.count(result.directions().size()));
    Html.tile(
        s,
        "p value",
        Html.number(result.pValue()),
        "two-sided, " + Html.count(result.permutations()) + " permutations");
    Html.tile(
        s,
        "Dead units",
        Html.count(result.deadUnits()),
        "of " + Html.count(result.features()) + ": constant, left out");
    return s.toString();
  }

  private String rows(String kind, List<TopImages> rows) {
    StringBuilder s = new StringBuilder();
    for (TopImages row : rows.subList(0, Math.min(MAX_ROWS, rows.size()))) {
      s.append("<div class=\"row\"><p><b>").append(Html.percent(row.purity()));
      s.append("</b> ").append(kind).append(' ').append(row.index()).append("</p>");
      for (int i = 0; i < Math.min(MAX_PICTURES, row.images().size()); i++) {
        picture(s, row.images().get(i), row.labels().get(i));
      }
      s.append("</div>\n");
    }
    return s.toString();
  }

  private void picture(StringBuilder s, int image, int label) {
    s.append("<figure>");
    Shape shape = test.sampleShape();
    if (shape.dim(0) == 1 || shape.dim(0) == 3) {
      String uri =
          Pixels.image(
              (int) shape.dim(0), (int) shape.dim(1), (int) shape.dim(2), test.image(image));
      s.append("<img alt=\"image ").append(image).append("\" title=\"image ").append(image);
      s.append("\" src=\"").append(uri).append("\">");
    }
    s.append("<figcaption>").append(label).append("</figcaption></figure>");
  }

  private String leftOut() {
    boolean rows = Math.max(result.units().size(), result.directions().size()) > MAX_ROWS;
    boolean pictures = result.units().get(0).images().size() > MAX_PICTURES;
    return rows || pictures
        ? "<p>Shown are at most "
            + MAX_ROWS
            + " rows and "
            + MAX_PICTURES
            + " pictures of each; <code>--json</code> writes all.</p>"
        : "";
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
    Html.fact(s, "Time", Html.seconds(result.seconds()) + " without training");
    return s.toString();
  }
}
