package dev.blindspot.attacks.transfer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.FastGradient;
import dev.blindspot.attacks.LbfgsAttack;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Softmax;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Linear softmax models with two classes in the plane: everything is known in closed form. */
class TransferTest {
  private static final Network NET = net(2, 2);

  /** Class 1 above 1/2 in both coordinates, class 0 below. */
  private static final float[] IMAGES = {0.2f, 0.3f, 0.7f, 0.9f, 0.4f, 0.1f, 0.6f, 0.8f};

  private static final int[] LABELS = {0, 1, 0, 1};

  private final List<Parameters> opened = new ArrayList<>();
  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.create(System.getProperty("blindspot.test.backend", "cpu"));
  }

  @AfterEach
  void close() {
    opened.forEach(Parameters::close);
    backend.close();
  }

  private static Network net(int inputs, int classes) {
    return Network.builder("linear", Shape.of(inputs))
        .add("dense", Linear.of(classes))
        .add("softmax", new Softmax(false))
        .build();
  }

  /** Class 1 where w0 x0 + w1 x1 > (w0 + w1) / 2. */
  private NamedNetwork model(String name, double w0, double w1) {
    Parameters p = Parameters.initialize(NET, backend, ElementType.F32, 1);
    p.set(new Parameters.Key("dense", "w"), new double[] {0, 0, w0, w1});
    p.set(new Parameters.Key("dense", "b"), new double[] {0, -(w0 + w1) / 2});
    opened.add(p);
    return new NamedNetwork(name, NET, p);
  }

  private AttackResult attack(NamedNetwork m) {
    return LbfgsAttack.defaults()
        .run(AttackProblem.of(m.network(), m.parameters(), backend, IMAGES, LABELS));
  }

  @Test
  void identicalModelsShareEveryError() {
    NamedNetwork a = model("a", 3, 4);
    NamedNetwork b = model("b", 3, 4);
    try (Transfer t = new Transfer(backend, List.of(a, b), IMAGES, LABELS)) {
      assertEquals(List.of(0.0, 0.0), t.cleanErrors());
      for (TransferRow row : t.matrix(List.of(attack(a), attack(b)))) {
        assertEquals(4, row.examples());
        assertEquals(List.of(1.0, 1.0), row.errors());
        // |w.x + b| / ||w|| = 1.7, 2.2, 1.9, 1.5 over 5; RMS over two pixels.
        assertEquals((1.7 + 2.2 + 1.9 + 1.5) / 20 / Math.sqrt(2), row.meanRms(), 1e-3);
      }
    }
  }

  @Test
  void orthogonalModelsShareNoError() {
    NamedNetwork a = model("a", 1, 0);
    NamedNetwork b = model("b", 0, 1);
    try (Transfer t = new Transfer(backend, List.of(a, b), IMAGES, LABELS)) {
      List<AttackResult> made = List.of(attack(a), attack(b));
      List<TransferRow> rows = t.matrix(made);
      assertEquals(List.of(1.0, 0.0), rows.get(0).errors());
      assertEquals(List.of(0.0, 1.0), rows.get(1).errors());
      // However far: the direction has no part in the other model's weights.
      assertEquals(List.of(1.0, 0.0), t.amplified(made.get(0), 0.5).errors());
    }
  }

  @Test
  void onlySuccessesCountAndErrorsAreAgainstTheTrueLabel() {
    NamedNetwork a = model("a", 1, 0);
    NamedNetwork b = model("b", 0, -1); // wrong on every clean image
    // Steps of 0.15: only the images at distance 0.1 of a's boundary are reached.
    AttackResult weak =
        new FastGradient(Norm.L2, 0.15)
            .run(AttackProblem.of(NET, a.parameters(), backend, IMAGES, LABELS));
    AttackResult none =
        new FastGradient(Norm.L2, 0.01)
            .run(AttackProblem.of(NET, a.parameters(), backend, IMAGES, LABELS));
    try (Transfer t = new Transfer(backend, List.of(a, b), IMAGES, LABELS)) {
      assertEquals(List.of(0.0, 1.0), t.cleanErrors());
      TransferRow row = t.adversarial(weak);
      assertEquals(2, row.examples());
      assertEquals(List.of(1.0, 1.0), row.errors());
      assertEquals(0.15 / Math.sqrt(2), row.meanRms(), 1e-6);
      TransferRow empty = t.adversarial(none);
      assertEquals(0, empty.examples());
      assertEquals(List.of(Double.NaN, Double.NaN), empty.errors());
      assertTrue(Double.isNaN(empty.meanRms()));
    }
  }

  @Test
  void amplificationReachesItsDistortionUnlessTheBoxIsInTheWay() {
    float[] x = {0.5f, 0.5f, 0.2f, 0.95f, 0.3f, 0.3f};
    float[] changed = {0.53f, 0.54f, 0.23f, 0.99f, 0.3f, 0.3f};
    float[] y = Amplification.toRms(x, changed, 2, 0.1);
    double side = 0.1 * Math.sqrt(2) / 5; // of a triangle with sides 3, 4, 5
    assertEquals(0.5 + 3 * side, y[0], 1e-6);
    assertEquals(0.5 + 4 * side, y[1], 1e-6);
    assertEquals(0.2 + 3 * side, y[2], 1e-6);
    assertEquals(1f, y[3]);
    assertArrayEquals(new float[] {0.3f, 0.3f}, Arrays.copyOfRange(y, 4, 6), "no direction");
  }

  @Test
  void distortionReportedIsTheOneReached() {
    NamedNetwork a = model("a", 3, 4);
    NamedNetwork b = model("b", 3, 4);
    try (Transfer t = new Transfer(backend, List.of(a, b), IMAGES, LABELS)) {
      AttackResult made = attack(a);
      assertEquals(0.1, t.amplified(made, 0.1).meanRms(), 1e-6);
      assertEquals(0.3, t.amplified(made, 0.3).meanRms(), 1e-6);
      // At 1 every image ends at a corner: 3/5 sqrt(2) and 4/5 sqrt(2) cross the square.
      double corner = 0;
      for (int i = 0; i < 4; i++) {
        double r0 = LABELS[i] == 0 ? 1 - IMAGES[2 * i] : IMAGES[2 * i];
        double r1 = LABELS[i] == 0 ? 1 - IMAGES[2 * i + 1] : IMAGES[2 * i + 1];
        corner += Math.sqrt((r0 * r0 + r1 * r1) / 2) / 4;
      }
      assertEquals(corner, t.amplified(made, 1).meanRms(), 1e-6);
    }
  }

  @Test
  void noiseIsSeededAndKeyedBySample() {
    int n = 4000;
    float[] grey = new float[3 * n];
    Arrays.fill(grey, 0.5f);
    int[] keys = new int[n];
    Arrays.setAll(keys, i -> i);
    float[] y = GaussianNoise.add(grey, keys, 0.1, 7);
    assertArrayEquals(y, GaussianNoise.add(grey, keys, 0.1, 7), "same seed, same bits");
    assertFalse(Arrays.equals(y, GaussianNoise.add(grey, keys, 0.1, 8)));
    float[] one = GaussianNoise.add(new float[] {0.5f, 0.5f, 0.5f}, new int[] {123}, 0.1, 7);
    assertArrayEquals(Arrays.copyOfRange(y, 369, 372), one, "a sample's noise is its own");
    assertArrayEquals(grey, GaussianNoise.add(grey, keys, 0, 7));
    double sum = 0;
    double squares = 0;
    for (float v : y) {
      sum += v - 0.5;
      squares += (v - 0.5) * (v - 0.5);
    }
    // Five standard errors of the mean and of the variance; five deviations fit the box.
    assertEquals(0, sum / y.length, 5 * 0.1 / Math.sqrt(y.length));
    assertEquals(0.01, squares / y.length, 5 * 0.01 * Math.sqrt(2.0 / y.length));
    for (float v : GaussianNoise.add(grey, keys, 2, 7)) {
      assertTrue(v >= 0 && v <= 1);
    }
  }

  @Test
  void noiseRowCountsEveryImage() {
    try (Transfer t =
        new Transfer(backend, List.of(model("a", 3, 4), model("b", 1, 0)), IMAGES, LABELS)) {
      int[] keys = {5, 6, 7, 8};
      assertEquals(
          new TransferRow(4, 0, List.of(0.0, 0.0)), t.noise(0, keys, 1), "no noise, no error");
      TransferRow row = t.noise(0.4, keys, 1);
      assertEquals(4, row.examples());
      assertTrue(row.meanRms() > 0 && row.meanRms() < 1);
      assertEquals(row, t.noise(0.4, keys, 1));
      refused("2 sample indices for 4", () -> t.noise(0.1, new int[2], 1));
      refused("standard deviation", () -> t.noise(-0.1, keys, 1));
      refused("standard deviation", () -> t.noise(Double.NaN, keys, 1));
    }
  }

  @Test
  void badInputIsRefused() {
    NamedNetwork a = model("a", 3, 4);
    NamedNetwork b = model("b", 1, 0);
    List<NamedNetwork> both = List.of(a, b);
    AttackResult made = attack(a);
    refused("two or more", () -> create(List.of(a), IMAGES, LABELS));
    refused("a is given twice", () -> create(List.of(a, a), IMAGES, LABELS));
    refused("there is no image", () -> create(both, new float[0], new int[0]));
    refused("7 values for 4 images", () -> create(both, new float[7], LABELS));
    refused("label 2 of image 1", () -> create(both, IMAGES, new int[] {0, 2, 0, 1}));
    float[] outside = IMAGES.clone();
    outside[3] = Float.NaN;
    refused("value 1 of image 1 is NaN", () -> create(both, outside, LABELS));
    for (Network other : List.of(net(3, 2), net(2, 3))) {
      Parameters p = Parameters.initialize(other, backend, ElementType.F32, 1);
      opened.add(p);
      refused("3", () -> create(List.of(a, new NamedNetwork("c", other, p)), IMAGES, LABELS));
    }
    try (Backend elsewhere = Backends.create("reference");
        Parameters far = Parameters.initialize(NET, elsewhere, ElementType.F32, 1)) {
      refused(
          "parameters of c",
          () -> create(List.of(a, new NamedNetwork("c", NET, far)), IMAGES, LABELS));
    }
    try (Transfer t = new Transfer(backend, both, IMAGES, LABELS)) {
      refused("1 attacks for 2", () -> t.matrix(List.of(made)));
      refused("above 0", () -> t.amplified(made, 0));
      refused("at most 1", () -> t.amplified(made, 1.5));
    }
    try (Transfer t = new Transfer(backend, both, IMAGES, new int[] {1, 1, 0, 1})) {
      refused("example 0 of the attack has label 0", () -> t.adversarial(made));
    }
    try (Transfer t = new Transfer(backend, both, Arrays.copyOf(IMAGES, 4), new int[] {0, 1})) {
      refused("4 examples", () -> t.adversarial(made));
    }
  }

  private void create(List<NamedNetwork> networks, float[] images, int[] labels) {
    new Transfer(backend, networks, images, labels).close();
  }

  private static void refused(String words, Executable call) {
    String message = assertThrows(InvalidInputException.class, call).getMessage();
    assertTrue(message.contains(words), "'" + words + "' in: " + message);
  }
}
