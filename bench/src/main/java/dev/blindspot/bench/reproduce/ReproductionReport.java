package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.report.Charts;
import dev.blindspot.bench.report.Html;
import dev.blindspot.bench.report.Template;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The page: a section for each finished table or figure. */
final class ReproductionReport {
  private final About about;
  private final Scale scale;
  private final long seed;

  ReproductionReport(About about, Scale scale, long seed) {
    this.about = about;
    this.scale = scale;
    this.seed = seed;
  }

  String page(List<Section> sections) {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("title", "Intriguing properties of neural networks, reproduced");
    parts.put(
        "subtitle",
        "Szegedy et al. 2013 · "
            + Html.escape(about.data())
            + " · "
            + scale
            + " scale · seed "
            + seed);
    parts.put("sentence", sentence());
    StringBuilder contents = new StringBuilder();
    StringBuilder body = new StringBuilder();
    for (Section s : sections) {
      String key = Html.escape(s.key());
      contents.append("<li><a href=\"#").append(key).append("\">");
      contents.append(Html.escape(s.title().split(":")[0])).append("</a></li>\n");
      body.append("<section class=\"card\" id=\"").append(key).append("\">\n<h2>");
      body.append(Html.escape(s.title())).append("</h2>\n").append(s.html());
      body.append("<p class=\"time\">Took ").append(Html.seconds(s.seconds()));
      body.append(".</p>\n</section>\n");
    }
    parts.put("contents", contents.toString());
    parts.put("sections", body.toString());
    parts.put("made", made());
    parts.put("style", Template.resource("report.css"));
    parts.put(
        "scripts", Charts.scripts(sections.stream().flatMap(s -> s.charts().stream()).toList()));
    return Template.fill("reproduce.html", parts);
  }

  private String sentence() {
    String s =
        "Each table and figure of the paper, from networks trained here; the paper's numbers stand"
            + " beside ours, and every claim says whether our numbers show it.";
    return scale == Scale.QUICK
        ? s + " This is a quick run on a part of the data: its numbers are rough."
        : s;
  }

  private String made() {
    StringBuilder s = new StringBuilder();
    Html.facts(s, about.command(), about.version(), about.device(), about.threads(), "FP32");
    return s.toString();
  }
}
