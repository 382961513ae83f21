package dev.blindspot.bench.report;

import dev.blindspot.attacks.visualize.VisualizationOptions;
import dev.blindspot.attacks.visualize.VisualizationOptions.Parameterization;
import dev.blindspot.engine.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Pictures of what a network looks for, as PNG files and as one HTML file with all of them. */
public final class VisualizationReport {
  private final VisualizationResult result;
  private final Shape shape;
  private final float[] start;
  private final List<float[]> images;

  private VisualizationReport(
      VisualizationResult result, Shape shape, float[] start, List<float[]> images) {
    this.result = result;
    this.shape = shape;
    this.start = start;
    this.images = images;
  }

  /**
   * Writes {@code visualize.html}, {@code start.png} and each picture's file to a folder, which is
   * made if needed.
   *
   * @param shape [c,h,w] of the images, 1 or 3 channels
   * @param start where the ascent began
   * @param images in the order of the result's pictures
   */
  public static void write(
      Path folder, VisualizationResult result, Shape shape, float[] start, List<float[]> images) {
    VisualizationReport r = new VisualizationReport(result, shape, start, images);
    String page = r.page();
    OutputFiles.write(folder.resolve("start.png"), r.png(start));
    for (int i = 0; i < images.size(); i++) {
      OutputFiles.write(folder.resolve(result.pictures().get(i).file()), r.png(images.get(i)));
    }
    OutputFiles.write(folder.resolve("visualize.html"), page);
  }

  static String html(VisualizationResult result, Shape shape, float[] start, List<float[]> images) {
    return new VisualizationReport(result, shape, start, images).page();
  }

  /** The result in one sentence. */
  public static String sentence(VisualizationResult r) {
    double before = mean(r, true);
    double after = mean(r, false);
    String what =
        r.objective().equals("layer")
            ? "The mean square of layer " + r.layer()
            : "The mean over "
                + r.pictures().size()
                + (r.objective().equals("class")
                    ? " logits"
                    : " " + r.objective() + "s of layer " + r.layer());
    String hits =
        r.objective().equals("class")
            ? String.format(
                Locale.ROOT,
                "; %d of %d pictures get the class that was looked for",
                hits(r),
                r.pictures().size())
            : "";
    return what
        + " of "
        + r.model()
        + " rose from "
        + Html.number(before)
        + " to "
        + Html.number(after)
        + " in "
        + r.settings().steps() * r.settings().octaves()
        + " gradients"
        + hits
        + ".";
  }

  private static double mean(VisualizationResult r, boolean before) {
    return r.pictures().stream()
        .mapToDouble(p -> before ? p.before() : p.after())
        .average()
        .orElseThrow();
  }

  private static long hits(VisualizationResult r) {
    return r.pictures().stream().filter(p -> p.label() == p.index()).count();
  }

  private byte[] png(float[] image) {
    return Pixels.png((int) shape.dim(0), (int) shape.dim(1), (int) shape.dim(2), image);
  }

  private String page() {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("title", "What " + Html.escape(result.model()) + " looks for");
    parts.put("subtitle", subtitle());
    parts.put("sentence", Html.escape(sentence(result)));
    parts.put("pictures", pictures());
    parts.put("made", made());
    parts.put("style", Template.resource("report.css"));
    ChartLibrary.put(parts);
    parts.put("data", Json.script(result));
    parts.put("script", Template.resource("visualize.js"));
    return Template.fill("visualize.html", parts);
  }

  private String subtitle() {
    String layer = result.layer() == null ? "" : " of layer " + Html.escape(result.layer());
    String what =
        switch (result.objective()) {
          case "layer" -> "mean square";
          case "class" -> "logits of classes";
          default -> result.objective() + "s";
        };
    return what + layer + " · from " + Html.escape(result.from()) + " · seed " + result.seed();
  }

  private String pictures() {
    StringBuilder s = new StringBuilder();
    figure(
        s,
        start,
        "start",
        "",
        "start: " + Html.escape(result.from()),
        answer(result.startLabel(), result.startProbability()));
    for (int i = 0; i < images.size(); i++) {
      VisualizationResult.Picture p = result.pictures().get(i);
      String name = result.objective().equals("layer") ? "dream" : result.objective() + " ";
      String title = name + (result.objective().equals("layer") ? "" : p.index());
      String rise = Html.number(p.before()) + " → " + Html.number(p.after());
      String off =
          p.zeroGradients() > 0
              ? "<br>no gradient in " + p.zeroGradients() + " of " + p.path().size() + " steps"
              : "";
      boolean hit = result.objective().equals("class") && p.label() == p.index();
      figure(
          s,
          images.get(i),
          title,
          hit ? "hit" : "",
          title,
          rise + "<br>" + answer(p.label(), p.probability()) + off);
    }
    return s.toString();
  }

  private void figure(
      StringBuilder s, float[] image, String alt, String kind, String title, String caption) {
    s.append("<figure class=\"").append(kind).append("\"><img alt=\"").append(Html.escape(alt));
    s.append("\" src=\"");
    s.append(Pixels.image((int) shape.dim(0), (int) shape.dim(1), (int) shape.dim(2), image));
    s.append("\"><figcaption><b>").append(title).append("</b><br>");
    s.append(caption).append("</figcaption></figure>\n");
  }

  private static String answer(int label, double probability) {
    return "says " + label + ", " + Html.percent(probability);
  }

  private String made() {
    VisualizationOptions o = result.settings();
    StringBuilder s = new StringBuilder();
    Html.facts(
        s,
        result.command(),
        result.version(),
        result.device(),
        result.threads(),
        result.precision());
    if (result.data() != null) {
      Html.fact(s, "Data", Html.escape(result.data()));
    }
    Html.fact(
        s,
        "Ascent",
        o.steps()
            + " steps of "
            + (o.optimizer() == VisualizationOptions.Optimizer.ADAM
                ? "Adam, size "
                : "the normalised gradient, RMS ")
            + Html.number(o.stepSize())
            + ", on "
            + (o.parameterization() == Parameterization.PIXELS
                ? "pixels"
                : "Fourier coefficients scaled by one over the frequency, before a sigmoid"));
    Html.fact(
        s,
        "Octaves",
        o.octaves() == 1
            ? "none"
            : o.octaves() + ", each " + Html.number(o.octaveScale()) + " times the one before");
    Html.fact(s, "Jitter", o.jitter() == 0 ? "none" : "up to " + o.jitter() + " pixels");
    Html.fact(s, "Total variation", "weight " + Html.number(o.totalVariation()));
    Html.fact(s, "Charts", ChartLibrary.NAME);
    Html.fact(s, "Time", Html.seconds(result.seconds()) + " without training");
    return s.toString();
  }
}
