package dev.blindspot.attacks.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class UnitInspectionTest {
  private static final int PIXELS = 4;
  private static final int IMAGES = 600; // three batches, the last one not full
  private static final InspectionOptions FEW =
      InspectionOptions.defaults().units(4).directions(6).top(5).permutations(100);

  /** Every backend that works here, or the only one named. */
  static Stream<String> backends() {
    String wanted = System.getProperty("blindspot.test.backend", "");
    return Backends.available().entrySet().stream()
        .filter(e -> e.getValue().available() || e.getKey().name().equals(wanted))
        .map(e -> e.getKey().name())
        .filter(n -> n.startsWith(wanted));
  }

  private static Backend backend(String name) {
    return Backends.create(name, BackendOptions.defaults().threads(2));
  }

  private static Backend fast() {
    return backend(System.getProperty("blindspot.test.backend", "cpu"));
  }

  /** Random pixels; those of unit 3 take few values, so that there are ties. */
  private static DataSet images() {
    SplittableRandom random = new SplittableRandom(2);
    byte[][] pixels = new byte[IMAGES][PIXELS];
    int[] labels = new int[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
      for (int j = 0; j < PIXELS; j++) {
        pixels[i][j] = (byte) (j == 3 ? 50 * random.nextInt(4) : random.nextInt(256));
      }
      labels[i] = random.nextInt(3);
    }
    return new DataSet("pixels", Shape.of(1, 2, 2), 3, pixels, labels);
  }

  private static Network dense() {
    return dense(PIXELS);
  }

  private static Network dense(int hidden) {
    return Network.builder("dense", Shape.of(1, 2, 2))
        .add("fc1", Linear.of(hidden))
        .add("relu1", ActivationLayer.relu())
        .add("drop", new Dropout(0.5))
        .add("fc2", Linear.of(3))
        .build();
  }

  /** Hidden unit i gives pixel i (modulo the pixels) plus its bias. */
  private static Parameters identity(Network network, Backend backend, double... bias) {
    Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1);
    int hidden = (int) network.node("fc1").outputShape().size();
    double[] w = new double[hidden * PIXELS];
    for (int i = 0; i < hidden; i++) {
      w[i * PIXELS + i % PIXELS] = 1;
    }
    p.set(new Parameters.Key("fc1", "w"), w);
    p.set(new Parameters.Key("fc1", "b"), Arrays.copyOf(bias, hidden));
    return p;
  }

  private static List<Integer> largest(DataSet images, int k, ToDoubleFunction<float[]> value) {
    return IntStream.range(0, images.size())
        .boxed()
        .sorted(
            Comparator.comparingDouble((Integer i) -> -value.applyAsDouble(images.image(i)))
                .thenComparing(i -> i))
        .limit(k)
        .toList();
  }

  private static double dot(double[] v, float[] x) {
    double sum = 0;
    for (int i = 0; i < v.length; i++) {
      sum += v[i] * x[i];
    }
    return sum;
  }

  private static Inspection inspect(
      Network network, Parameters p, Backend backend, DataSet images, InspectionOptions o) {
    return UnitInspection.run(
        network, p, backend, HiddenLayers.last(network), images, o, done -> {});
  }

  @ParameterizedTest
  @MethodSource("backends")
  void identityLayerRanksImagesByTheirPixels(String name) {
    DataSet images = images();
    Network network = dense();
    int[] last = {0};
    try (Backend backend = backend(name);
        Parameters p = identity(network, backend)) {
      Inspection found =
          UnitInspection.run(network, p, backend, "relu1", images, FEW, done -> last[0] = done);
      assertEquals(2 * IMAGES, last[0]);
      assertEquals(PIXELS, found.features());
      assertEquals(0, found.deadUnits());
      assertEquals(IMAGES, found.images());
      assertEquals(
          List.of(0, 1, 2, 3), found.units().stream().map(TopImages::index).sorted().toList());
      for (TopImages unit : found.units()) {
        assertEquals(largest(images, 5, x -> x[unit.index()]), unit.images());
        assertEquals(unit.images().stream().map(images::label).toList(), unit.labels());
      }
      double[][] v = UnitInspection.directions(PIXELS, FEW);
      assertEquals(6, found.directions().size());
      for (int j = 0; j < 6; j++) {
        double[] direction = v[j];
        assertEquals(1, Math.sqrt(Arrays.stream(direction).map(d -> d * d).sum()), 1e-15);
        TopImages top = found.directions().get(j);
        assertEquals(largest(images, 5, x -> dot(direction, x)), top.images());
      }
    }
  }

  @Test
  void diagonalDirectionRanksBySums() {
    DataSet images = images();
    Network network = dense();
    double h = Math.sqrt(0.5);
    try (Backend backend = fast();
        Parameters p = identity(network, backend);
        Activations phi = new Activations(network, p, backend, "relu1", images)) {
      Ranking[] r =
          UnitInspection.rank(phi, new int[0], new double[][] {{h, h, 0, 0}}, 20, done -> {});
      TopImages top = r[0].top(0, images.labels());
      assertEquals(largest(images, 20, x -> h * x[0] + h * x[1]), top.images());
      float[] best = images.image(top.images().get(0));
      assertEquals((best[0] + best[1]) / Math.sqrt(2), top.values().get(0), 1e-6);
    }
  }

  @Test
  void deadUnitsAreCountedAndNeverDrawn() {
    DataSet images = images();
    Network network = dense();
    try (Backend backend = fast();
        Parameters p = identity(network, backend, 0, -10, 0, -10)) {
      Inspection found = inspect(network, p, backend, images, FEW);
      assertEquals(2, found.deadUnits());
      assertEquals(List.of(0, 2), found.units().stream().map(TopImages::index).sorted().toList());
      p.set(new Parameters.Key("fc1", "b"), new double[] {-10, -10, -10, -10});
      String message =
          assertThrows(InvalidInputException.class, () -> inspect(network, p, backend, images, FEW))
              .getMessage();
      assertTrue(message.contains("relu1") && message.contains("constant"), message);
    }
  }

  @Test
  void purityComparesUnitsThatKnowTheLabelWithDirections() {
    // Pixel c is bright where the label is c; a direction mixes them and the noise.
    SplittableRandom random = new SplittableRandom(4);
    byte[][] pixels = new byte[IMAGES][PIXELS];
    int[] labels = new int[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
      labels[i] = i % PIXELS;
      for (int j = 0; j < PIXELS; j++) {
        pixels[i][j] = (byte) ((j == labels[i] ? 60 : 0) + random.nextInt(195));
      }
    }
    DataSet images = new DataSet("labels", Shape.of(1, 2, 2), PIXELS, pixels, labels);
    Network network = dense(20);
    try (Backend backend = fast();
        Parameters p = identity(network, backend)) {
      InspectionOptions options = FEW.units(20).directions(20).permutations(999);
      Inspection found = inspect(network, p, backend, images, options);
      assertEquals(1, found.meanUnitPurity());
      double mean =
          found.directions().stream().mapToDouble(TopImages::purity).average().orElseThrow();
      assertEquals(mean, found.meanDirectionPurity());
      assertTrue(mean < 0.9, "" + mean);
      assertTrue(found.pValue() <= 0.01, "" + found.pValue());
      assertEquals(999, found.permutations());
    }
  }

  @Test
  void equalSeedGivesEqualBitsAndAnotherSeedOtherDirections() {
    DataSet images = images();
    Network network = dense();
    try (Backend backend = fast();
        Parameters p = identity(network, backend)) {
      Inspection first = inspect(network, p, backend, images, FEW.seed(3));
      assertEquals(first, inspect(network, p, backend, images, FEW.seed(3)));
      Inspection other = inspect(network, p, backend, images, FEW.seed(4));
      assertNotEquals(first.directions(), other.directions());
      Inspection fewer = inspect(network, p, backend, images, FEW.seed(3).directions(2).units(1));
      assertEquals(first.directions().subList(0, 2), fewer.directions());
      assertEquals(first.units().subList(0, 1), fewer.units());
    }
  }

  @Test
  void unitsOfConvolutionsAreElementsOfTheFlattenedActivation() {
    Network network =
        Network.builder("conv", Shape.of(1, 2, 2))
            .add("conv1", Conv2d.of(2, 1, 1, 0))
            .add("pool", Pool2d.max(1, 1))
            .add("flatten", new Flatten())
            .add("fc", Linear.of(3))
            .build();
    assertEquals("pool", HiddenLayers.last(network));
    DataSet images = images();
    try (Backend backend = fast();
        Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1)) {
      p.set(new Parameters.Key("conv1", "w"), new double[] {1, -1});
      Inspection found = inspect(network, p, backend, images, FEW.units(8));
      assertEquals(8, found.features());
      for (TopImages unit : found.units()) {
        int sign = unit.index() < PIXELS ? 1 : -1; // channel, then row and column
        assertEquals(largest(images, 5, x -> sign * x[unit.index() % PIXELS]), unit.images());
      }
    }
  }

  @Test
  void layersThatAreNotThereAreRefused() {
    Network network = dense();
    Function<Network, String> reason =
        n -> assertThrows(InvalidInputException.class, () -> HiddenLayers.last(n)).getMessage();
    assertEquals("relu1", HiddenLayers.last(network));
    HiddenLayers.check(network, "fc2");
    String message =
        assertThrows(InvalidInputException.class, () -> HiddenLayers.check(network, "rleu1"))
            .getMessage();
    assertTrue(message.contains("did you mean 'relu1'"), message);
    Network flat =
        Network.builder("flat", Shape.of(1, 2, 2))
            .add("flatten", new Flatten())
            .add("fc", Linear.of(3))
            .build();
    assertTrue(reason.apply(flat).contains("no hidden layer"), reason.apply(flat));
    Network conv = Network.builder("conv", Shape.of(1, 2, 2)).add(Conv2d.of(3, 2, 1, 0)).build();
    assertTrue(reason.apply(conv).contains("no dense layer"), reason.apply(conv));
  }

  @Test
  void badInputIsRefused() {
    InspectionOptions d = InspectionOptions.defaults();
    assertThrows(InvalidInputException.class, () -> d.units(0));
    assertThrows(InvalidInputException.class, () -> d.directions(0));
    assertThrows(InvalidInputException.class, () -> d.top(-1));
    assertThrows(InvalidInputException.class, () -> d.permutations(0));
    DataSet images = images();
    Network network = dense();
    try (Backend backend = fast();
        Parameters p = identity(network, backend)) {
      refused("601", network, p, images, FEW.top(601));
      refused("heap", network, p, images, FEW.directions(Integer.MAX_VALUE));
      DataSet one = new DataSet("one", Shape.of(1, 1, 1), 3, new byte[9][1], new int[9]);
      refused("[1,1,1]", network, p, one, FEW);
      DataSet none = new DataSet("none", Shape.of(1, 2, 2), 3, new byte[0][], new int[0]);
      refused("of 0 images", network, p, none, FEW);
      p.set(new Parameters.Key("fc1", "b"), new double[] {0, 0, Double.POSITIVE_INFINITY, 0});
      refused("unit 2", network, p, images, FEW);
    }
  }

  private static void refused(
      String word, Network network, Parameters p, DataSet images, InspectionOptions options) {
    String message =
        assertThrows(
                InvalidInputException.class,
                () -> inspect(network, p, p.backend(), images, options))
            .getMessage();
    assertTrue(message.contains(word), "'" + word + "' in: " + message);
  }
}
