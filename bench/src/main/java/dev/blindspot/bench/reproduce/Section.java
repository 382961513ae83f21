package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.report.Charts;
import dev.blindspot.bench.report.Html;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One section of the report, written piece by piece. */
public final class Section {
  private final String key;
  private final String title;
  private final Scale scale;
  private final double seconds;
  private final Path folder;
  private final StringBuilder html = new StringBuilder();
  private final List<Charts.Line> charts = new ArrayList<>();

  Section(String key, String title, Scale scale, double seconds, Path folder) {
    this.key = key;
    this.title = title;
    this.scale = scale;
    this.seconds = seconds;
    this.folder = folder;
  }

  String key() {
    return key;
  }

  String title() {
    return title;
  }

  double seconds() {
    return seconds;
  }

  String html() {
    return html.toString();
  }

  List<Charts.Line> charts() {
    return charts;
  }

  /** A paragraph; the text is escaped. */
  public Section text(String text) {
    html.append("<p>").append(Html.escape(text)).append("</p>\n");
    return this;
  }

  /** A heading inside the section. */
  public Section heading(String text) {
    html.append("<h3>").append(Html.escape(text)).append("</h3>\n");
    return this;
  }

  /**
   * A table. Its caption says the scale, unless it is the paper's.
   *
   * @param cells rows of texts as long as the head; the first of each names the row
   */
  public Section table(String caption, List<String> head, List<List<String>> cells) {
    html.append("<div class=\"scroll\"><table><caption>").append(Html.escape(caption));
    if (scale != Scale.PAPER) {
      html.append(" <b class=\"scale\">").append(scale).append(" scale</b>");
    }
    html.append("</caption><thead><tr>");
    head.forEach(h -> html.append("<th scope=\"col\">").append(Html.escape(h)).append("</th>"));
    html.append("</tr></thead><tbody>\n");
    for (List<String> row : cells) {
      html.append("<tr><th scope=\"row\">").append(Html.escape(row.get(0))).append("</th>");
      row.subList(1, row.size())
          .forEach(c -> html.append("<td>").append(Html.escape(c)).append("</td>"));
      html.append("</tr>\n");
    }
    html.append("</tbody></table></div>\n");
    return this;
  }

  /** What the numbers should show, and whether they do. */
  public Section claims(List<Claim> claims) {
    html.append("<ul class=\"claims\">\n");
    for (Claim c : claims) {
      html.append("<li class=\"").append(c.holds() ? "holds" : "fails").append("\"><b>");
      html.append(c.holds() ? "Holds" : "Does not hold").append(":</b> ");
      html.append(Html.escape(c.text())).append("</li>\n");
    }
    html.append("</ul>\n");
    return this;
  }

  /** A line chart behind what was written so far. */
  public Section chart(Charts.Line chart) {
    String id = key + "-chart-" + charts.size();
    html.append("<div class=\"chart\"><canvas id=\"").append(Html.escape(id));
    html.append("\" role=\"img\" aria-label=\"").append(Html.escape(chart.title()));
    html.append("\"></canvas></div>\n");
    charts.add(chart.id(id));
    return this;
  }

  /**
   * A row of pictures.
   *
   * @param name of the row
   * @param pictures with their captions
   */
  public Section pictures(String name, List<Figure> pictures) {
    html.append("<div class=\"row\"><p>").append(Html.escape(name)).append("</p>");
    for (Figure f : pictures) {
      html.append("<figure><img alt=\"").append(Html.escape(f.caption())).append("\" src=\"");
      html.append(Images.uri(folder.resolve(f.file()))).append("\"><figcaption>");
      html.append(Html.escape(f.caption())).append("</figcaption></figure>");
    }
    html.append("</div>\n");
    return this;
  }

  /**
   * A picture.
   *
   * @param file PNG, relative to the folder
   */
  public record Figure(String file, String caption) {}

  /** A part of one as a percentage. */
  public static String percent(double part) {
    return Html.percent(part);
  }

  /** Three significant digits. */
  public static String number(Double v) {
    return v == null ? "–" : Html.number(v);
  }
}
