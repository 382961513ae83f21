package dev.blindspot.attacks.visualize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.visualize.VisualizationOptions.Optimizer;
import dev.blindspot.attacks.visualize.VisualizationOptions.Parameterization;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Softmax;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class VisualizerTest {
  private static final Shape IMAGE = Shape.of(1, 8, 8);
  private static final VisualizationOptions FEW = VisualizationOptions.defaults().steps(12);

  static Stream<String> backends() {
    return Backends.available().entrySet().stream()
        .filter(e -> e.getValue().available())
        .map(e -> e.getKey().name());
  }

  private static Backend backend(String name) {
    return Backends.create(name, BackendOptions.defaults().threads(2));
  }

  private static double[] random(int n, long seed) {
    return new SplittableRandom(seed).doubles(n, -1, 1).toArray();
  }

  private static Network linear() {
    return Network.builder("linear", IMAGE)
        .add("dense", Linear.of(3))
        .add("softmax", new Softmax(false))
        .build();
  }

  private static Parameters weights(Network net, Backend backend, double[] w) {
    Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1);
    p.set(new Parameters.Key("dense", "w"), w);
    return p;
  }

  private static Network convolutional() {
    return Network.builder("conv", IMAGE)
        .add("conv1", Conv2d.of(4, 3, 1, 1))
        .add("relu1", ActivationLayer.relu())
        .add("pool1", Pool2d.max(2, 2))
        .add("flatten", new Flatten())
        .add("dense", Linear.of(3))
        .build();
  }

  private static List<Visualization> run(
      Network net, Parameters p, Backend backend, Objective o, VisualizationOptions options) {
    return Visualizer.run(net, p, backend, IMAGE, o, null, options, done -> {});
  }

  private static void checkInBox(List<Visualization> made) {
    for (Visualization v : made) {
      for (float x : v.image()) {
        assertTrue(x >= 0 && x <= 1, "" + x);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void ascentOnALinearLayerReachesTheCornerOfTheSigns(String name) {
    Network net = linear();
    double[] w = random(3 * 64, 5);
    try (Backend backend = backend(name);
        Parameters p = weights(net, backend, w)) {
      for (Optimizer optimizer : Optimizer.values()) {
        VisualizationOptions o = FEW.optimizer(optimizer, 0.5).steps(60);
        List<Visualization> made = run(net, p, backend, Objective.classes(0, 2), o);
        for (Visualization v : made) {
          double best = 0;
          for (int i = 0; i < 64; i++) {
            double weight = (float) w[v.index() * 64 + i];
            best += Math.max(0, weight);
            if (Math.abs(weight) > 0.05) {
              assertEquals(weight > 0 ? 1 : 0, v.image()[i], "pixel " + i);
            }
          }
          assertEquals(best, v.after(), 1e-4);
          assertEquals(v.index(), v.label());
          assertTrue(v.probability() > 0.9 && v.probability() <= 1, "" + v.probability());
          assertTrue(v.before() < v.after());
          assertEquals(60, v.path().size());
          assertEquals(v.before(), v.path().get(0), 1e-6, "without jitter the same point");
          assertEquals(0, v.zeroGradients());
        }
      }
    }
  }

  @Test
  void jitterRollsTheGradientBack() {
    // w answers to one pixel. One step changes one pixel: the one that the roll brought there,
    // whose
    // value the objective was.
    Network net = linear();
    double[] w = new double[3 * 64];
    int seen = 3 * 8 + 4;
    w[seen] = 1;
    int moved = 0;
    try (Backend backend = backend("cpu");
        Parameters p = weights(net, backend, w)) {
      for (int seed = 0; seed < 10; seed++) {
        VisualizationOptions o =
            FEW.optimizer(Optimizer.NORMALIZED, 0.01).jitter(2).steps(1).seed(seed);
        Visualization v = run(net, p, backend, Objective.classes(0), o).get(0);
        int changed = -1;
        for (int i = 0; i < 64; i++) {
          if (v.image()[i] != v.start()[i]) {
            assertEquals(-1, changed, "only one pixel");
            changed = i;
          }
        }
        assertTrue(Math.abs(changed / 8 - 3) <= 2 && Math.abs(changed % 8 - 4) <= 2);
        assertEquals(v.start()[changed], v.path().get(0), 1e-6);
        moved += changed == seen ? 0 : 1;
      }
    }
    assertTrue(moved > 5, moved + " of 10 rolls moved the image");
  }

  @Test
  void objectivesAreWhatTheLayersGive() {
    Network net = convolutional();
    float[] start = new float[64];
    for (int i = 0; i < 64; i++) {
      start[i] = i / 64f;
    }
    try (Backend backend = backend("reference");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 3)) {
      double[] w = p.values(new Parameters.Key("conv1", "w"));
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < 64; i++) {
        for (int c = 0; c < 4; c++) {
          double v = convolve(start, w, c, i / 8, i % 8);
          sum += c == 2 ? v : 0;
          squares += v * v;
        }
      }
      double unit = convolve(start, w, 3, 4, 5);
      assertEquals(sum / 64, before(net, p, backend, Objective.channels("conv1", 2), start), 1e-5);
      assertEquals(
          unit, before(net, p, backend, Objective.units("conv1", 3 * 64 + 4 * 8 + 5), start), 1e-5);
      assertEquals(squares / 256, before(net, p, backend, Objective.dream("conv1"), start), 1e-5);
    }
  }

  private static double before(
      Network net, Parameters p, Backend backend, Objective o, float[] start) {
    Visualization v =
        Visualizer.run(net, p, backend, IMAGE, o, start, FEW.steps(1), done -> {}).get(0);
    assertArrayEquals(start, v.start());
    return v.before();
  }

  private static double convolve(float[] x, double[] w, int channel, int row, int column) {
    double sum = 0;
    for (int i = -1; i <= 1; i++) {
      for (int j = -1; j <= 1; j++) {
        int r = row + i;
        int c = column + j;
        if (r >= 0 && r < 8 && c >= 0 && c < 8) {
          sum += (float) w[channel * 9 + (i + 1) * 3 + j + 1] * x[r * 8 + c];
        }
      }
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource(Parameterization.class)
  void everythingTogetherClimbsAndStaysInTheBox(Parameterization parameterization) {
    Network net = convolutional();
    VisualizationOptions o =
        VisualizationOptions.defaults()
            .parameterization(parameterization)
            .octaves(2, 1.4)
            .jitter(1)
            .totalVariation(0.01)
            .steps(30);
    try (Backend backend = backend("cpu");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 3)) {
      for (Objective objective :
          List.of(
              Objective.channels("relu1", 0, 3),
              Objective.classes(0, 1, 2),
              Objective.dream("pool1"))) {
        int[] done = {0};
        List<Visualization> made =
            Visualizer.run(net, p, backend, IMAGE, objective, null, o, d -> done[0] = d);
        assertEquals(Visualizer.gradients(objective, o), done[0]);
        checkInBox(made);
        for (Visualization v : made) {
          assertTrue(v.after() > v.before(), objective + ": " + v.before() + " to " + v.after());
          assertEquals(60, v.path().size());
        }
      }
    }
  }

  @Test
  void totalVariationIsPaidFor() {
    Network net = convolutional();
    try (Backend backend = backend("cpu");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 3)) {
      double rough = variation(run(net, p, backend, Objective.classes(1), FEW).get(0));
      double smooth =
          variation(run(net, p, backend, Objective.classes(1), FEW.totalVariation(10)).get(0));
      assertTrue(smooth < 0.3 * rough, smooth + " against " + rough);
    }
  }

  private static double variation(Visualization v) {
    double[] x = new double[64];
    Arrays.setAll(x, i -> v.image()[i]);
    return TotalVariation.value(x, 8, 8);
  }

  @Test
  void sameSeedGivesTheSameBitsWhateverTheBatch() {
    Network net = convolutional();
    VisualizationOptions o = FEW.jitter(2).parameterization(Parameterization.FOURIER);
    try (Backend backend = backend("cpu");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 3)) {
      Objective many =
          Objective.units("flatten", java.util.stream.IntStream.range(0, 20).toArray());
      List<Visualization> a = run(net, p, backend, many, o);
      List<Visualization> b = run(net, p, backend, many, o);
      assertEquals(20, a.size());
      for (int i = 0; i < 20; i++) {
        assertArrayEquals(a.get(i).image(), b.get(i).image());
        assertEquals(a.get(i).path(), b.get(i).path());
      }
      Visualization alone = run(net, p, backend, Objective.units("flatten", 17), o).get(0);
      assertEquals(17, alone.index());
      assertArrayEquals(a.get(17).image(), alone.image(), 1e-3f);
      Visualization other = run(net, p, backend, Objective.units("flatten", 17), o.seed(2)).get(0);
      assertFalse(Arrays.equals(alone.image(), other.image()));
    }
  }

  @Test
  void unitThatIsOffIsReportedAndMovesNothing() {
    Network net = convolutional();
    try (Backend backend = backend("cpu");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 3)) {
      p.set(new Parameters.Key("conv1", "b"), new double[] {-100, 0, 0, 0});
      Visualization v = run(net, p, backend, Objective.channels("relu1", 0), FEW).get(0);
      assertEquals(12, v.zeroGradients());
      assertArrayEquals(v.start(), v.image());
      assertEquals(0, v.after());
    }
  }

  @Test
  void badInputIsRefusedWithTheReason() {
    Network net = convolutional();
    try (Backend backend = backend("cpu");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 3)) {
      refused("channel 4 is outside 0..3", net, p, backend, Objective.channels("conv1", 4), FEW);
      refused("'relu'", net, p, backend, Objective.channels("relu", 0), FEW);
      refused("class -1", net, p, backend, Objective.classes(-1), FEW);
      refused("jitter of 8", net, p, backend, Objective.classes(0), FEW.jitter(8));
      refused("3 octaves", net, p, backend, Objective.classes(0), FEW.octaves(3, 2));
      fails("twice", () -> Objective.classes(1, 1));
      fails("no unit", () -> Objective.units("conv1"));
      fails("steps", () -> FEW.steps(0));
      fails("step size", () -> FEW.optimizer(Optimizer.ADAM, Double.NaN));
      fails("scale", () -> FEW.octaves(2, 1));
      fails("jitter", () -> FEW.jitter(-1));
      fails("total variation", () -> FEW.totalVariation(-1));
      float[] outside = new float[64];
      outside[7] = 1.5f;
      for (float[] start : List.of(outside, new float[63])) {
        fails(
            "start image",
            () ->
                Visualizer.run(
                    net, p, backend, IMAGE, Objective.classes(0), start, FEW, done -> {}));
      }
      fails(
          "not images",
          () -> Visualizer.check(net, Shape.of(3, 8, 8), VisualizationOptions.defaults()));
      double[] broken = new double[4];
      broken[1] = Double.NaN;
      p.set(new Parameters.Key("conv1", "b"), broken);
      refused("NaN", net, p, backend, Objective.channels("conv1", 1), FEW);
    }
  }

  private static void refused(
      String words,
      Network net,
      Parameters p,
      Backend backend,
      Objective o,
      VisualizationOptions options) {
    fails(words, () -> run(net, p, backend, o, options));
  }

  private static void fails(String words, org.junit.jupiter.api.function.Executable work) {
    String message = assertThrows(InvalidInputException.class, work).getMessage();
    assertTrue(message.contains(words), "'" + words + "' in: " + message);
  }
}
