package dev.blindspot.nn.zoo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ZooTest {
  private static final Shape DIGIT = Shape.of(1, 28, 28);
  private static final Shape SMALL = Shape.of(3, 32, 32);
  private static final Shape LARGE = Shape.of(3, 227, 227);

  @TempDir Path dir;

  private static Network network(String name) {
    return switch (name) {
      case "resnet20" -> Zoo.get(name, SMALL, 10).network();
      case "alexnet" -> Zoo.get(name, LARGE, 1000).network();
      default -> Zoo.get(name, DIGIT, 10).network();
    };
  }

  /** Weights and biases, counted by hand; He et al. say 0.27 M of ResNet-20. */
  @ParameterizedTest
  @CsvSource({
    "fc10, 7850",
    "fc100-100-10, 89610",
    "fc200-200-10, 199210",
    "fc123-456-10, 157669",
    "mlp100-100-10, 89610",
    "lenet, 3274634",
    "resnet20, 269722",
    "alexnet, 62378344"
  })
  void hasItsParameters(String name, long count) {
    Network n = network(name);
    assertEquals(name, n.name());
    assertEquals(count, n.parameterCount());
    assertEquals(Shape.of(name.equals("alexnet") ? 1000 : 10), n.outputShape());
  }

  /** The sizes of the paper's Table 5: input channels, filter, outputs, stride. */
  @Test
  void alexnetHasThePapersSizes() {
    List<String> sizes = new ArrayList<>();
    for (Network.Node n : network("alexnet").nodes()) {
      if (n.layer() instanceof Conv2d c) {
        sizes.add(n.inputShapes().get(0).dim(0) + "x" + c.r() + "x" + c.s() + "x" + c.k());
        sizes.add("/" + c.strideH());
      } else if (n.layer() instanceof Linear l) {
        sizes.add(n.inputShapes().get(0).size() + "x" + l.k());
      }
    }
    assertEquals(
        "3x11x11x96 /4 96x5x5x256 /1 256x3x3x384 /1 384x3x3x384 /1 384x3x3x256 /1"
            + " 9216x4096 4096x4096 4096x1000",
        String.join(" ", sizes));
  }

  @Test
  void resnet20HasItsStages() {
    Network n = network("resnet20");
    assertEquals(Shape.of(16, 32, 32), n.node("s1b3-relu2").outputShape());
    assertEquals(Shape.of(32, 16, 16), n.node("s2b3-relu2").outputShape());
    assertEquals(Shape.of(64, 8, 8), n.node("s3b3-relu2").outputShape());
    assertEquals(Shape.of(64, 1, 1), n.node("pool").outputShape());
    long convolutions = n.nodes().stream().filter(m -> m.layer() instanceof Conv2d).count();
    assertEquals(19, convolutions);
  }

  @Test
  void everyNetworkFitsDigits() {
    for (String name : Zoo.names()) {
      if (!name.equals("alexnet")) {
        assertEquals(Shape.of(7), Zoo.get(name, DIGIT, 7).network().outputShape(), name);
      }
    }
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> Zoo.get("alexnet", DIGIT, 10));
    assertTrue(e.getMessage().startsWith("Network alexnet: layer "), e.getMessage());
  }

  @Test
  void anUnknownNameGetsTheNearest() {
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> Zoo.get("lennet", DIGIT, 10));
    assertTrue(e.getMessage().contains("lenet"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  private static Backend cpu() {
    return Backends.create("cpu", BackendOptions.defaults().threads(2));
  }

  /** Output and input gradient for n random samples. */
  private static float[][] run(Network net, Backend backend, Parameters p, int n) {
    NetworkOptions options = NetworkOptions.of(NetworkOptions.Gradients.INPUT);
    long bytes =
        TensorArena.bytes(ElementType.F32, n * net.inputShape().size())
            + TensorArena.bytes(ElementType.F32, n * net.outputShape().size());
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(bytes);
        NetworkPlan plan = net.plan(backend, p, n, options)) {
      Tensor x = arena.tensor(ElementType.F32, net.inputShape().batched(n), Layout.NCHW);
      Tensor dy = arena.tensor(ElementType.F32, net.outputShape().batched(n), Layout.NCHW);
      fill(x, 1);
      fill(dy, 2);
      float[] y = plan.forward(ctx, x).toFloats();
      plan.backward(ctx, dy);
      return new float[][] {y, plan.inputGradient().toFloats()};
    }
  }

  private static void fill(Tensor t, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] v = new float[(int) t.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) random.nextDouble();
    }
    t.copyFrom(v);
  }

  private static double largest(float[] v) {
    double most = 0;
    for (float x : v) {
      assertTrue(Float.isFinite(x));
      most = Math.max(most, Math.abs(x));
    }
    return most;
  }

  @ParameterizedTest
  @CsvSource({
    "fc10, 3",
    "fc100-100-10, 3",
    "fc200-200-10, 3",
    "fc123-456-10, 3",
    "mlp100-100-10, 3",
    "lenet, 2",
    "resnet20, 1"
  })
  void cpuAgreesWithTheReference(String name, int n) {
    Network net = network(name);
    try (Backend cpu = cpu();
        Backend reference = Backends.create("reference");
        Parameters p = Parameters.initialize(net, cpu, ElementType.F32, 1);
        Parameters q = p.copyTo(net, reference, ElementType.F32)) {
      float[][] wanted = run(net, reference, q, n);
      float[][] found = run(net, cpu, p, n);
      for (int i = 0; i < 2; i++) {
        double scale = largest(wanted[i]);
        assertTrue(scale > 0);
        assertArrayEquals(wanted[i], found[i], (float) (1e-5 * scale), i == 0 ? "y" : "dx");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "fc10",
    "fc100-100-10",
    "fc200-200-10",
    "fc123-456-10",
    "mlp100-100-10",
    "lenet",
    "resnet20"
  })
  void onnxKeepsTheBits(String name) {
    checkRoundTrip(name, 2);
  }

  /** Computes the same before and after a file. */
  private void checkRoundTrip(String name, int n) {
    Network net = network(name);
    Path file = dir.resolve(name + ".onnx");
    try (Backend cpu = cpu();
        Parameters p = Parameters.initialize(net, cpu, ElementType.F32, 1)) {
      float[][] wanted = run(net, cpu, p, n);
      assertTrue(largest(wanted[0]) > 0 && largest(wanted[1]) > 0);
      OnnxModel.write(file, net, p);
      OnnxModel read = OnnxModel.read(file);
      assertEquals(name, read.network().name());
      assertEquals(net.parameterCount(), read.network().parameterCount());
      try (Parameters q = read.parameters(cpu, ElementType.F32)) {
        float[][] found = run(read.network(), cpu, q, n);
        assertArrayEquals(wanted[0], found[0]);
        assertArrayEquals(wanted[1], found[1]);
      }
    }
  }

  /** 250 MB of weights. */
  @Test
  @Tag("acceptance")
  void alexnetRunsAndKeepsItsBits() {
    checkRoundTrip("alexnet", 1);
  }
}
