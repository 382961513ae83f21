package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.inspect.HiddenLayers;
import dev.blindspot.attacks.inspect.Inspection;
import dev.blindspot.attacks.inspect.InspectionOptions;
import dev.blindspot.attacks.inspect.TopImages;
import dev.blindspot.attacks.inspect.UnitInspection;
import dev.blindspot.nn.data.DataSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Figures 1 and 2: what excites single units, and random directions, of a convolutional net. */
public final class UnitsStage implements Stage<Units> {
  private static final int ROWS = 100;
  private static final int TOP = 8;
  private static final int PERMUTATIONS = 10_000;

  /** Rows of each kind with pictures. */
  private static final int SHOWN = 8;

  @Override
  public String key() {
    return "units";
  }

  @Override
  public String title() {
    return "Figures 1 and 2: single units and random directions";
  }

  @Override
  public Class<Units> type() {
    return Units.class;
  }

  /** The paper shows pictures and no number. */
  @Override
  public Object paper() {
    return null;
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 9 : 200;
  }

  @Override
  public Units run(Reproduction r) {
    TrainedNetwork t = r.trained(r.networks().convolutional());
    DataSet test = r.test();
    String layer = HiddenLayers.last(t.network());
    Inspection i;
    try (Tasks.Task task =
        r.tasks().start("Inspecting " + layer, "images, twice", 2L * test.size())) {
      i =
          UnitInspection.run(
              t.network(),
              t.parameters(),
              r.backend(),
              layer,
              test,
              new InspectionOptions(ROWS, ROWS, Math.min(TOP, test.size()), PERMUTATIONS, r.seed()),
              done -> task.update(done, ""));
    }
    return new Units(
        t.name(),
        i.layer(),
        i.images(),
        i.features(),
        i.deadUnits(),
        i.meanUnitPurity(),
        i.meanDirectionPurity(),
        i.permutations(),
        i.pValue(),
        rows(r, "unit", i.units()),
        rows(r, "direction", i.directions()),
        claims(i));
  }

  private static List<Claim> claims(Inspection i) {
    double chance = 0.5;
    return List.of(
        new Claim(
            "Random directions are as coherent as single units: most of their top images share a"
                + " label, too.",
            i.meanDirectionPurity() > chance && i.meanUnitPurity() > chance),
        new Claim(
            String.format(
                Locale.ROOT,
                "The permutation test does not tell units from directions (p = %.4f, above 0.05).",
                i.pValue()),
            i.pValue() > 0.05));
  }

  private static List<Units.Row> rows(Reproduction r, String kind, List<TopImages> all) {
    List<Units.Row> rows = new ArrayList<>();
    for (TopImages t : all) {
      List<String> pictures = new ArrayList<>();
      for (int k = 0; rows.size() < SHOWN && k < t.images().size(); k++) {
        pictures.add(picture(r, t.images().get(k)));
      }
      rows.add(new Units.Row(t.index(), t.purity(), t.images(), t.labels(), pictures));
    }
    return rows;
  }

  private static String picture(Reproduction r, int image) {
    return Images.write(r, "test-" + image, r.test().image(image));
  }

  @Override
  public void write(Units u, Section section) {
    section.text(
        String.format(
            Locale.ROOT,
            "Layer %s of %s, %d test images. The paper's figures show that the images which excite a"
                + " random direction of the layer most look as alike as those of a single unit. The"
                + " number that it lacks: the share of the most frequent label among the top %d is"
                + " %s for units and %s for directions (means of %d and %d; p = %.4f, permutation"
                + " test). Rows are drawn at random, none is picked.",
            u.layer(),
            u.network(),
            u.images(),
            u.units().get(0).images().size(),
            Section.percent(u.unitPurity()),
            Section.percent(u.directionPurity()),
            u.units().size(),
            u.directions().size(),
            u.pValue()));
    section.claims(u.claims());
    section.heading("Single units");
    pictures(section, "Unit", u.units());
    section.heading("Random directions");
    pictures(section, "Direction", u.directions());
  }

  private static void pictures(Section section, String kind, List<Units.Row> rows) {
    for (Units.Row row : rows.stream().filter(r -> !r.pictures().isEmpty()).toList()) {
      List<Section.Figure> figures = new ArrayList<>();
      for (int i = 0; i < row.pictures().size(); i++) {
        figures.add(new Section.Figure(row.pictures().get(i), "" + row.labels().get(i)));
      }
      section.pictures(
          kind + " " + row.index() + ", purity " + Section.percent(row.purity()), figures);
    }
  }
}
