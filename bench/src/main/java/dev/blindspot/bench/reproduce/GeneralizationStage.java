package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.calibration.CalibrationStudy;
import dev.blindspot.attacks.calibration.LocalGeneralization;
import dev.blindspot.attacks.calibration.Transformation;
import dev.blindspot.attacks.calibration.Transformation.Kind;
import dev.blindspot.bench.report.Charts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** From the companion articles: networks generalise locally, near what they have seen. */
public final class GeneralizationStage implements Stage<Generalization> {
  static final Map<Kind, List<Double>> STRENGTHS =
      Map.of(
          Kind.SHIFT,
          List.of(0.0, 1.0, 2.0, 3.0, 4.0, 6.0),
          Kind.ROTATION,
          List.of(0.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0),
          Kind.SCALE,
          List.of(0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5),
          Kind.BLUR,
          List.of(0.0, 0.5, 1.0, 1.5, 2.0, 3.0));

  /** What strengths are counted in. */
  private static final Map<Kind, String> UNITS =
      Map.of(
          Kind.SHIFT,
          "pixels",
          Kind.ROTATION,
          "degrees",
          Kind.SCALE,
          "factor",
          Kind.BLUR,
          "standard deviation, pixels");

  /** The strengths of the table. */
  private static final Map<Kind, Double> SHOWN =
      Map.of(Kind.SHIFT, 3.0, Kind.ROTATION, 30.0, Kind.SCALE, 0.7, Kind.BLUR, 2.0);

  @Override
  public String key() {
    return "generalization";
  }

  @Override
  public String title() {
    return "Local generalisation: shift, rotation, scale, blur";
  }

  @Override
  public Class<Generalization> type() {
    return Generalization.class;
  }

  /** The paper has no such numbers. */
  @Override
  public Object paper() {
    return null;
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 8 : 90;
  }

  @Override
  public Generalization run(Reproduction r) {
    Samples s = r.samples(r.test(), r.scale() == Scale.QUICK ? 300 : 5000);
    List<Transformation> changes = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      changes.addAll(Transformation.of(kind, STRENGTHS.get(kind)));
    }
    List<Generalization.Row> rows = new ArrayList<>();
    for (TrainedNetwork t : networks(r)) {
      try (CalibrationStudy study =
              new CalibrationStudy(
                  t.network(), t.parameters(), r.backend(), s.images(), s.labels(), s.index(), 1);
          Tasks.Task task =
              r.tasks().start("Moving images for " + t.name(), "changes", changes.size())) {
        study
            .generalization(r.test().sampleShape(), changes, done -> task.update(done, ""))
            .forEach(p -> rows.add(row(t, p)));
      }
    }
    return new Generalization(s.count(), rows, claims(rows));
  }

  /** Four that differ in kind: as many as a chart has colours. */
  static List<TrainedNetwork> networks(Reproduction r) {
    List<PaperNetwork> all = r.networks().table1();
    return r.trained(List.of(all.get(0), all.get(3), all.get(5), r.networks().convolutional()));
  }

  private static Generalization.Row row(TrainedNetwork t, LocalGeneralization.Point p) {
    return new Generalization.Row(
        t.name(),
        p.transformation().kind().name().toLowerCase(Locale.ROOT),
        p.transformation().strength(),
        p.accuracy(),
        p.confidence());
  }

  static List<Claim> claims(List<Generalization.Row> rows) {
    double near = 1;
    double gap = 1;
    for (String network : rows.stream().map(Generalization.Row::network).distinct().toList()) {
      double clean = find(rows, network, Kind.SHIFT, 0).accuracy();
      near = Math.min(near, find(rows, network, Kind.SHIFT, 1).accuracy() - clean);
      near = Math.min(near, find(rows, network, Kind.ROTATION, 5).accuracy() - clean);
      for (Kind kind : List.of(Kind.SHIFT, Kind.ROTATION)) {
        List<Double> strengths = STRENGTHS.get(kind);
        Generalization.Row far = find(rows, network, kind, strengths.get(strengths.size() - 1));
        gap = Math.min(gap, far.confidence() - far.accuracy());
      }
    }
    return List.of(
        new Claim(
            String.format(
                Locale.ROOT,
                "Near the data they generalise: a shift by one pixel or a turn by 5 degrees costs no"
                    + " network more than 10 points (most: %.1f).",
                -100 * near),
            near > -0.1),
        new Claim(
            String.format(
                Locale.ROOT,
                "Far from it they do not, and do not know it: under the largest shift and rotation"
                    + " every network's mean confidence exceeds its accuracy by 10 points or more"
                    + " (least: %.1f).",
                100 * gap),
            gap >= 0.1));
  }

  private static Generalization.Row find(
      List<Generalization.Row> rows, String network, Kind kind, double strength) {
    String change = kind.name().toLowerCase(Locale.ROOT);
    return rows.stream()
        .filter(
            r ->
                r.network().equals(network)
                    && r.change().equals(change)
                    && r.strength() == strength)
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void write(Generalization g, Section section) {
    section.text(
        g.images()
            + " test images, sampled bilinearly and black outside; shifts are the mean of four"
            + " directions, rotations of two.");
    List<String> networks = g.rows().stream().map(Generalization.Row::network).distinct().toList();
    for (Kind kind : Kind.values()) {
      section.chart(chart(g, kind, networks));
    }
    List<String> head = new ArrayList<>(List.of("Network", "unchanged"));
    for (Kind kind : Kind.values()) {
      head.add(kind.name().toLowerCase(Locale.ROOT) + " " + plain(SHOWN.get(kind)));
    }
    List<List<String>> cells = new ArrayList<>();
    for (String n : networks) {
      List<String> row = new ArrayList<>(List.of(n, both(find(g.rows(), n, Kind.SHIFT, 0))));
      for (Kind kind : Kind.values()) {
        row.add(both(find(g.rows(), n, kind, SHOWN.get(kind))));
      }
      cells.add(row);
    }
    section.table("Accuracy / mean confidence.", head, cells);
    section.claims(g.claims());
  }

  /** Without zeros that say nothing. */
  private static String plain(double v) {
    return v == Math.rint(v) ? "" + (long) v : "" + v;
  }

  private static String both(Generalization.Row row) {
    return Section.percent(row.accuracy()) + " / " + Section.percent(row.confidence());
  }

  private static Charts.Line chart(Generalization g, Kind kind, List<String> networks) {
    String change = kind.name().toLowerCase(Locale.ROOT);
    List<Double> strengths = STRENGTHS.get(kind);
    return new Charts.Line(
        "",
        "Accuracy under " + change,
        change + ", " + UNITS.get(kind),
        "accuracy",
        strengths.stream().map(GeneralizationStage::plain).toList(),
        networks.stream()
            .map(
                n ->
                    new Charts.Series(
                        n,
                        strengths.stream().map(s -> find(g.rows(), n, kind, s).accuracy()).toList(),
                        false))
            .toList(),
        false);
  }
}
