package dev.blindspot.bench.report;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Line charts of a page, drawn by lines.js with Chart.js, which the page carries. */
public final class Charts {
  private Charts() {}

  /**
   * One line.
   *
   * @param values one for each label; null leaves a gap
   * @param dashed true for what was not measured: bounds, the paper's numbers
   */
  public record Series(String name, List<Double> values, boolean dashed) {}

  /**
   * A chart.
   *
   * @param id of its canvas
   * @param title for those who cannot see it
   * @param xTitle below the horizontal axis
   * @param yTitle beside the vertical axis
   * @param labels along the horizontal axis
   * @param log true for a logarithmic vertical axis: then values are positive
   */
  public record Line(
      String id,
      String title,
      String xTitle,
      String yTitle,
      List<String> labels,
      List<Series> series,
      boolean log) {

    /** The same on another canvas. */
    public Line id(String canvas) {
      return new Line(canvas, title, xTitle, yTitle, labels, series, log);
    }
  }

  /** The script elements that draw the charts; empty without charts. */
  public static String scripts(List<Line> charts) {
    if (charts.isEmpty()) {
      return "";
    }
    Map<String, String> parts = new HashMap<>();
    ChartLibrary.put(parts);
    parts.put("data", Json.script(charts));
    parts.put("script", Template.resource("lines.js"));
    return Template.fill("lines.html", parts);
  }
}
