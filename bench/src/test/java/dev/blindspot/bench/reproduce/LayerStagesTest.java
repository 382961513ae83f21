package dev.blindspot.bench.reproduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.PaperTable;
import dev.blindspot.attacks.instability.Statistics;
import dev.blindspot.bench.report.Json;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Table 5 and the instability over layers, of small networks and made-up numbers. */
class LayerStagesTest {

  private static Section section() {
    return new Section("key", "title", Scale.QUICK, 1, Path.of("."));
  }

  private static List<Boolean> holds(List<Claim> claims) {
    return claims.stream().map(Claim::holds).toList();
  }

  private static Table5.Model model(double weight) {
    Network net =
        Network.builder("net", Shape.of(1, 9, 9))
            .add("conv", Conv2d.of(1, 1, 2, 0))
            .add("pool", Pool2d.max(3, 2))
            .add("average", Pool2d.average(2, 2))
            .add("relu", ActivationLayer.relu())
            .add("fc", Linear.of(2))
            .build();
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1)) {
      p.set(new Parameters.Key("conv", "w"), new double[] {weight});
      BoundsOptions options = BoundsOptions.defaults().threads(1).work(1e6);
      return Table5Stage.model("net", "made up", PaperTable.of(net, p, options));
    }
  }

  @Test
  void table5KeepsItsNumbersAndItsGaps() {
    Table5.Model m = model(1);
    assertEquals("1x1x1x1", m.rows().get(0).size());
    assertEquals(0.5, m.rows().get(0).printed(), 1e-6);
    assertNull(m.rows().get(2).printed());
    assertNull(m.printedProduct());
    assertNull(m.paperProduct());
    Table5 t = new Table5(List.of(m, m), Table5Stage.claims(m));
    assertEquals(List.of(true, true), holds(t.claims()));
    assertEquals(t, Json.parse(Json.text(t), Table5.class));
    Section section = section();
    new Table5Stage().write(t, section);
    assertTrue(section.html().contains("not contractive") && section.html().contains("1x1x1x1"));
  }

  @Test
  void table5OfWeightsThatAreNotFiniteIsUnbounded() {
    Table5.Model m = model(Double.NaN);
    assertNull(m.upper());
    assertNull(m.rows().get(0).upper());
    Table5 t = new Table5(List.of(m), Table5Stage.claims(m));
    assertEquals(List.of(false, true), holds(t.claims()));
    Section section = section();
    new Table5Stage().write(t, section);
    assertTrue(section.html().contains("unbounded"), section.html());
  }

  private static InstabilityFigure.Measured measured(double product, double noise) {
    Statistics norms = new Statistics(1, 1, 2);
    return new InstabilityFigure.Measured(
        "net",
        7,
        norms,
        List.of(
            new InstabilityFigure.Row("fc1", "Linear", 1, 5.0, 5.0, norms, norms),
            new InstabilityFigure.Row(
                "fc2",
                "Linear",
                1,
                null,
                product,
                new Statistics(3, 3, 4),
                new Statistics(noise, noise, noise))));
  }

  @Test
  void growthAboveTheBoundOrBelowNoiseBreaksAClaim() {
    assertEquals(List.of(true, true), holds(InstabilityStage.claims(List.of(measured(4, 1)))));
    assertEquals(List.of(false, true), holds(InstabilityStage.claims(List.of(measured(3.9, 1)))));
    assertEquals(List.of(true, false), holds(InstabilityStage.claims(List.of(measured(4, 3.5)))));
  }

  @Test
  void everyNetworkHasItsChart() {
    List<InstabilityFigure.Measured> networks = List.of(measured(4, 1), measured(4, 0));
    InstabilityFigure f = new InstabilityFigure(networks, InstabilityStage.claims(networks));
    assertEquals(f, Json.parse(Json.text(f), InstabilityFigure.class));
    Section section = section();
    new InstabilityStage().write(f, section);
    assertEquals(2, section.charts().size());
    assertEquals(List.of("input", "fc1", "fc2"), section.charts().get(0).labels());
    assertNull(section.charts().get(1).series().get(2).values().get(2), "no zero on a log axis");
    assertTrue(section.html().contains("7 images"), section.html());
  }

  /** A network of the user's: its layers are those of the file, under its name. */
  @Test
  void table5TakesTheUsersNetwork(@TempDir Path dir) {
    Network net =
        Network.builder("mine", Shape.of(1, 9, 9))
            .add("conv", Conv2d.of(2, 3, 2, 0))
            .add("relu", ActivationLayer.relu())
            .add("flatten", new Flatten())
            .add("fc", Linear.of(2))
            .build();
    Path file = dir.resolve("mine.onnx");
    DataSplit digits = DataSets.load("synthetic", null, 1);
    BoundsOptions options = BoundsOptions.defaults().threads(1).work(1e6);
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1);
        Reproduction r = new Reproduction(backend, digits, Scale.QUICK, 1, dir, file, null)) {
      OnnxModel.write(file, net, p);
      Table5.Model m = Table5Stage.alexnet(r, options);
      Table5.Model same = Table5Stage.model("", "", PaperTable.of(net, p, options));
      assertEquals(file.toString(), m.note());
      assertEquals(same.upper(), m.upper());
      assertEquals(same.printedProduct(), m.printedProduct());
      assertEquals(2, m.rows().get(0).stride());
    }
  }
}
