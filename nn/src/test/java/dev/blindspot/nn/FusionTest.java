package dev.blindspot.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Reshape;
import dev.blindspot.nn.layers.Softmax;
import dev.blindspot.nn.zoo.Zoo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A plan gives the same with its layers fused and each by itself. */
class FusionTest {
  private static final int BATCH = 2;

  /** Everything that a plan computes, by name. */
  private static Map<String, double[]> run(
      Network net, Backend backend, NetworkOptions options, SplittableRandom random) {
    Map<String, double[]> found = new LinkedHashMap<>();
    ElementType type = options.type();
    try (Parameters p = Parameters.initialize(net, backend, type, 5);
        Context ctx = backend.newContext();
        TensorArena arena = backend.arena(1 << 22)) {
      disturb(p, random.split());
      try (NetworkPlan plan = net.plan(backend, p, BATCH + 1, options)) {
        SplittableRandom data = random.split();
        Tensor x = random(arena, type, net.inputShape(), data);
        Tensor dy = random(arena, type, net.outputShape(), data);
        for (int round = 0; round < 2; round++) {
          found.put("y" + round, values(plan.forward(ctx, x)));
          if (options.gradients() != Gradients.NONE) {
            double[] before = values(dy);
            plan.backward(ctx, dy);
            assertArrayEquals(before, values(dy), "dy is the caller's");
          }
          for (String name : options.keep()) {
            found.put(name + round, values(plan.output(name)));
          }
          if (options.gradients().input()) {
            found.put("dx" + round, values(plan.inputGradient()));
          }
          if (options.gradients().parameters()) {
            p.specs().entrySet().stream()
                .filter(e -> e.getValue().trainable())
                .map(Map.Entry::getKey)
                .forEach(
                    k -> found.put("d" + k, values(plan.parameterGradient(k.node(), k.name()))));
          }
          disturb(p, random.split());
          plan.parametersChanged(ctx);
        }
        p.specs().keySet().forEach(k -> found.put(k.toString(), p.values(k)));
      }
    }
    return found;
  }

  /** Moves parameters from where initialisers put them: batch norms become something. */
  private static void disturb(Parameters p, SplittableRandom random) {
    for (Parameters.Key k : p.specs().keySet()) {
      double[] v = p.values(k);
      for (int i = 0; i < v.length; i++) {
        v[i] =
            k.name().equals("variance")
                ? random.nextDouble(0.5, 2)
                : v[i] + random.nextDouble(-0.3, 0.3);
      }
      p.set(k, v);
    }
  }

  private static Tensor random(
      TensorArena arena, ElementType type, Shape sample, SplittableRandom random) {
    Tensor t = arena.tensor(type, sample.batched(BATCH), Layout.NCHW);
    double[] v = random.doubles(t.size(), -1, 1).toArray();
    if (type == ElementType.F64) {
      return t.copyFrom(v);
    }
    float[] f = new float[v.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) v[i];
    }
    return t.copyFrom(f);
  }

  private static double[] values(Tensor t) {
    if (t.type() == ElementType.F64) {
      return t.toDoubles();
    }
    float[] f = t.toFloats();
    double[] d = new double[f.length];
    for (int i = 0; i < f.length; i++) {
      d[i] = f[i];
    }
    return d;
  }

  private static void agree(
      Network net, Backend backend, NetworkOptions options, double tolerance) {
    Map<String, double[]> plain = run(net, backend, options.fused(false), new SplittableRandom(11));
    Map<String, double[]> fused = run(net, backend, options, new SplittableRandom(11));
    assertEquals(plain.keySet(), fused.keySet());
    plain.forEach(
        (name, wanted) -> {
          double scale = 1e-3;
          for (double v : wanted) {
            scale = Math.max(scale, Math.abs(v));
          }
          assertArrayEquals(
              wanted, fused.get(name), tolerance * scale, name + " of " + net.nodes());
        });
  }

  /** A random network of everything that fuses, with branches, sums, views and several readers. */
  private static Network network(SplittableRandom random) {
    Network.Builder b = Network.builder("random", Shape.of(2, 4, 4));
    List<String> images = new ArrayList<>(List.of(Network.INPUT));
    List<String> unread = new ArrayList<>();
    int count = random.nextInt(3, 14);
    for (int i = 0; i < count; i++) {
      String x = images.get(random.nextInt(Math.max(0, images.size() - 3), images.size()));
      String y = images.get(random.nextInt(images.size()));
      String name = "n" + i;
      unread.remove(x);
      switch (random.nextInt(10)) {
        case 0, 1 -> b.add(name, Conv2d.of(2, 3, 1, 1), x);
        case 2 -> b.add(name, Conv2d.of(2, 1, 1, 0).withoutBias(), x);
        case 3 -> b.add(name, BatchNorm.standard(), x);
        case 4, 5 -> b.add(name, ActivationLayer.relu(), x);
        case 6 -> b.add(name, random.nextBoolean() ? new Dropout(0.4) : ActivationLayer.tanh(), x);
        case 7 -> b.add(name, new Pool2d(Pooling.MAX, 3, 3, 1, 1, 1, 1, 1, 1), x);
        case 8 ->
            b.add(
                name,
                random.nextBoolean() ? new IdentityShortcut(1, 2) : new Reshape(Shape.of(2, 4, 4)),
                x);
        default -> {
          b.add(name, new Add(), x, y);
          unread.remove(y);
        }
      }
      images.add(name);
      unread.add(name);
    }
    if (unread.size() > 1) {
      b.add("join", new Concat(), unread.toArray(String[]::new));
    }
    int ending = random.nextInt(5);
    if (ending > 0) {
      b.add("flat", new Flatten());
    }
    if (ending > 1) {
      b.add("dense1", Linear.of(5)).add("relu1", ActivationLayer.relu());
    }
    if (ending > 2) {
      b.add("dense2", Linear.of(5)).add("sum", new Add(), "dense2", "relu1");
    }
    if (ending > 3) {
      b.add("relu2", ActivationLayer.relu()).add("out", new Softmax(true));
    }
    return b.build();
  }

  @Property(tries = 120, seed = "20131221")
  void randomNetworksGiveTheSame(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Network net = network(random);
    Gradients gradients = Gradients.values()[random.nextInt(4)];
    String kept = net.nodes().get(random.nextInt(net.nodes().size())).name();
    NetworkOptions options =
        NetworkOptions.of(gradients).type(ElementType.F64).training(random.nextInt(4) == 0);
    try (Backend reference = Backends.create("reference")) {
      agree(net, reference, random.nextBoolean() ? options.keep(kept) : options, 1e-10);
    }
    try (Backend fast = Backends.create(TestBackends.fast())) {
      agree(net, fast, options.type(ElementType.F32), 2e-4);
    }
  }

  /** In double, where no ReLU of a deep network changes sides by rounding. */
  @ParameterizedTest
  @CsvSource({"mlp100-100-10,1,28", "fc100-100-10,1,28", "lenet,1,12", "resnet20,3,8"})
  void knownNetworksGiveTheSame(String name, int channels, int size) {
    Network net = Zoo.get(name, Shape.of(channels, size, size), 10).network();
    try (Backend backend = Backends.create("reference")) {
      agree(net, backend, NetworkOptions.of(Gradients.INPUT).type(ElementType.F64), 1e-10);
    }
  }

  @Tag("slow-on-stand-ins")
  @ParameterizedTest
  @CsvSource({"mlp100-100-10,1,28", "lenet,1,28", "alexnet,3,67"})
  void knownNetworksGiveTheSameInFloat(String name, int channels, int size) {
    Network net = Zoo.get(name, Shape.of(channels, size, size), 10).network();
    try (Backend backend = Backends.create(TestBackends.fast())) {
      agree(net, backend, NetworkOptions.of(Gradients.INPUT), 1e-3);
    }
  }

  /** Native executions of a forward and a backward pass. */
  private static int[] executions(Network net, NetworkOptions options) {
    try (Backend backend = Backends.create("cpu");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1);
        Context ctx = backend.newContext();
        TensorArena arena = backend.arena(1 << 20);
        NetworkPlan plan = net.plan(backend, p, 1, options)) {
      Tensor x = arena.tensor(ElementType.F32, net.inputShape().batched(1), Layout.NCHW);
      Tensor dy = arena.tensor(ElementType.F32, net.outputShape().batched(1), Layout.NCHW);
      plan.forward(ctx, x);
      try (Program forward = ctx.record(() -> plan.forward(ctx, x));
          Program backward = ctx.record(() -> plan.backward(ctx, dy))) {
        return new int[] {forward.length(), backward.length()};
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "mlp100-100-10,1,28,3,3",
    "lenet,1,28,6,6",
    "resnet20,3,32,29,32",
  })
  void attacksRunOnePrimitiveForEachProduct(
      String name, int channels, int size, int forward, int backward) {
    assumeTrue(
        TestBackends.names().anyMatch("cpu"::equals), "there is no cpu backend on this machine");
    Network net = Zoo.get(name, Shape.of(channels, size, size), 10).network();
    int[] plain = executions(net, NetworkOptions.of(Gradients.INPUT).fused(false));
    int[] fused = executions(net, NetworkOptions.of(Gradients.INPUT));
    String found = name + ": " + plain[0] + "+" + plain[1] + " -> " + fused[0] + "+" + fused[1];
    System.out.println(found);
    assertEquals(forward, fused[0], found);
    assertEquals(backward, fused[1], found);
  }

  /** The gradient of x comes from three sides, two of them the convolution's. */
  @Test
  void aLayerIsNotGivenItsOwnInputAsResidual() {
    Network net =
        Network.builder("net", Shape.of(2, 4, 4))
            .add("x", ActivationLayer.tanh())
            .add("conv", Conv2d.of(2, 3, 1, 1), "x")
            .add("sum", new Add(), "x", "conv")
            .add("other", Conv2d.of(2, 3, 1, 1), "x")
            .add("join", new Concat(), "sum", "other")
            .build();
    try (Backend backend = Backends.create("reference")) {
      agree(net, backend, NetworkOptions.of(Gradients.INPUT).type(ElementType.F64), 1e-10);
    }
  }

  /** Behind a batch norm in training stand a sum and a ReLU, in the same kernels. */
  @Test
  void trainingRunsWhatFollowsABatchNormWithIt() {
    assumeTrue(
        TestBackends.names().anyMatch("cpu"::equals), "there is no cpu backend on this machine");
    Network net = Zoo.get("resnet20", Shape.of(3, 32, 32), 10).network();
    NetworkOptions options = NetworkOptions.of(Gradients.BOTH).training(true);
    int[] plain = executions(net, options.fused(false));
    int[] fused = executions(net, options);
    assertEquals("77+112 -> 48+74", plain[0] + "+" + plain[1] + " -> " + fused[0] + "+" + fused[1]);
  }

  @Test
  void tellsWhereEachLayerWent() {
    Network net =
        Network.builder("net", Shape.of(2, 4, 4))
            .add("conv", Conv2d.of(2, 3, 1, 1))
            .add("norm", BatchNorm.standard())
            .add("sum", new Add(), "norm", Network.INPUT)
            .add("relu", ActivationLayer.relu())
            .add("flat", new Flatten())
            .add("dense", Linear.of(3))
            .build();
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1)) {
      try (NetworkPlan plan = net.plan(backend, p, 1, NetworkOptions.of(Gradients.INPUT))) {
        Map<String, String> names = plan.implementations();
        assertEquals("fused into conv", names.get("norm"));
        assertEquals("fused into conv", names.get("sum"));
        assertEquals("fused into conv", names.get("relu"));
        assertEquals("view of relu", names.get("flat"));
      }
      NetworkOptions keeping = NetworkOptions.of(Gradients.INPUT).keep("sum");
      try (NetworkPlan plan = net.plan(backend, p, 1, keeping)) {
        Map<String, String> names = plan.implementations();
        assertEquals("fused into conv", names.get("sum"));
        assertTrue(names.get("relu").startsWith("forward reference"), names.toString());
      }
      // The batch norm has gradients of its own.
      try (NetworkPlan plan = net.plan(backend, p, 1, NetworkOptions.of(Gradients.BOTH))) {
        assertTrue(plan.implementations().get("norm").startsWith("forward reference"));
      }
    }
  }

  /** Promises to fuse what no implementation then does. */
  private record Boaster(Linear linear) implements Layer {
    @Override
    public String kind() {
      return "Boaster";
    }

    @Override
    public Shape outputShape(List<Shape> inputs) {
      return linear.outputShape(inputs);
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
      return linear.parameters(inputs);
    }

    @Override
    public boolean fuses(LayerSetup setup) {
      return true;
    }

    @Override
    public LayerPlan plan(LayerSetup setup) {
      if (!setup.fusion().isNone()) {
        throw new UnsupportedException("no implementation has post-operations");
      }
      return linear.plan(setup);
    }
  }

  @Test
  void whatNoImplementationFusesRunsByItself() {
    Network net =
        Network.builder("net", Shape.of(4))
            .add("dense1", Linear.of(4))
            .add("relu1", ActivationLayer.relu())
            .add("boaster", new Boaster(Linear.of(4)))
            .add("relu2", ActivationLayer.relu())
            .add("dense2", Linear.of(3))
            .build();
    try (Backend backend = Backends.create("reference")) {
      NetworkOptions options = NetworkOptions.of(Gradients.INPUT).type(ElementType.F64);
      agree(net, backend, options, 1e-12);
      try (Parameters p = Parameters.initialize(net, backend, ElementType.F64, 1);
          NetworkPlan plan = net.plan(backend, p, 1, options)) {
        assertTrue(plan.implementations().get("boaster").startsWith("forward reference"));
        assertTrue(plan.implementations().get("relu2").startsWith("forward reference"));
      }
    }
  }
}
