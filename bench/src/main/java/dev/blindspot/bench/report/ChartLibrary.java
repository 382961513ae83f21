package dev.blindspot.bench.report;

import dev.blindspot.bench.Version;
import java.util.Map;

/** The chart library, for pages that draw charts: its text stands in the page itself. */
public final class ChartLibrary {
  /** Name, version and licence, for people. */
  public static final String NAME =
      "Chart.js " + Html.escape(Version.chartLibrary()) + " (MIT licence)";

  private static final String FOLDER = "/META-INF/resources/webjars/chart.js/";

  private ChartLibrary() {}

  /** Fills the places {@code licence}, {@code library} and {@code charts} of a page. */
  public static void put(Map<String, String> parts) {
    parts.put("licence", file("LICENSE.md").replace("--", "- -"));
    parts.put("charts", Template.resource("charts.js"));
    parts.put("library", file("dist/chart.umd.min.js").replaceAll("(?m)^//# source.*$", ""));
  }

  private static String file(String name) {
    return Template.resource(FOLDER + Version.chartLibrary() + "/" + name);
  }
}
