package dev.blindspot.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkPlanTest {
  private static final int MAX = 5;

  /** Branches, a residual sum, every family of layer; single-input cuts at 4 and 9. */
  private static final Network NETWORK =
      Network.builder("net", Shape.of(2, 6, 6))
          .add("conv1", Conv2d.of(4, 3, 1, 1))
          .add("norm", BatchNorm.standard())
          .add("relu1", ActivationLayer.relu())
          .add("pool", Pool2d.max(2, 1))
          .add("conv2", Conv2d.of(6, 3, 2, 1))
          .add("short", new IdentityShortcut(2, 6), "pool")
          .add("sum", new Add(), "conv2", "short")
          .add("both", new Concat(), "sum", "conv2")
          .add("flat", new Flatten())
          .add("dense1", Linear.of(8))
          .add("sigmoid", ActivationLayer.sigmoid())
          .add("dense2", Linear.of(3))
          .build();

  private final List<AutoCloseable> open = new ArrayList<>();

  private <T extends AutoCloseable> T opened(T t) {
    open.add(t);
    return t;
  }

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  /** What a test needs on one backend. */
  private final class Rig {
    final Backend backend;
    final Context ctx;
    final TensorArena arena;
    final Parameters parameters;

    Rig(String name) {
      backend = opened(Backends.create(name, BackendOptions.defaults().threads(2)));
      ctx = opened(backend.newContext());
      arena = opened(backend.arena(1 << 22));
      parameters = opened(Parameters.initialize(NETWORK, backend, ElementType.F32, 3));
    }

    NetworkPlan plan(Network n, Gradients g, String... keep) {
      return opened(n.plan(backend, parameters, MAX, NetworkOptions.of(g).keep(keep)));
    }

    Tensor random(Shape sample, int n, long seed) {
      Tensor t = arena.tensor(ElementType.F32, sample.batched(n), Layout.NCHW);
      SplittableRandom random = new SplittableRandom(seed);
      float[] v = new float[(int) t.size()];
      for (int i = 0; i < v.length; i++) {
        v[i] = (float) random.nextDouble(-1, 1);
      }
      return t.copyFrom(v);
    }

    Tensor x(int n) {
      return random(NETWORK.inputShape(), n, 1);
    }

    Tensor dy(int n) {
      return random(NETWORK.outputShape(), n, 2);
    }
  }

  /** Equal but for the order of float sums. */
  private static void close(float[] wanted, float[] found, String what) {
    double scale = 0;
    for (float v : wanted) {
      scale = Math.max(scale, Math.abs(v));
    }
    assertArrayEquals(wanted, found, (float) (1e-5 * scale + 1e-12), what);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.nn.TestBackends#names")
  void everyBatchGivesWhatItsSamplesGive(String backend) {
    Rig r = new Rig(backend);
    NetworkPlan plan = r.plan(NETWORK, Gradients.INPUT);
    Tensor x = r.x(MAX);
    Tensor dy = r.dy(MAX);
    float[][] y = new float[MAX][];
    float[][] dx = new float[MAX][];
    for (int i = 0; i < MAX; i++) {
      y[i] = plan.forward(r.ctx, x.slice(i, i + 1)).toFloats();
      plan.backward(r.ctx, dy.slice(i, i + 1));
      dx[i] = plan.inputGradient().toFloats();
    }
    for (int n = MAX; n >= 1; n--) {
      float[] all = plan.forward(r.ctx, x.slice(0, n)).toFloats();
      plan.backward(r.ctx, dy.slice(0, n));
      float[] gradient = plan.inputGradient().toFloats();
      assertEquals(n * 3, all.length);
      assertEquals(n * 72, gradient.length);
      for (int i = 0; i < n; i++) {
        close(y[i], Arrays.copyOfRange(all, 3 * i, 3 * i + 3), "y of " + i + " in " + n);
        close(dx[i], Arrays.copyOfRange(gradient, 72 * i, 72 * i + 72), "dx of " + i + " in " + n);
      }
    }
  }

  @Test
  void cpuAgreesWithTheReference() {
    Rig a = new Rig("reference");
    Rig b = new Rig(TestBackends.fast());
    NetworkPlan p = a.plan(NETWORK, Gradients.BOTH);
    NetworkPlan q = b.plan(NETWORK, Gradients.BOTH);
    close(p.forward(a.ctx, a.x(4)).toFloats(), q.forward(b.ctx, b.x(4)).toFloats(), "output");
    p.backward(a.ctx, a.dy(4));
    q.backward(b.ctx, b.dy(4));
    close(p.inputGradient().toFloats(), q.inputGradient().toFloats(), "input gradient");
    a.parameters
        .specs()
        .forEach(
            (k, s) -> {
              if (s.trainable()) {
                close(
                    p.parameterGradient(k.node(), k.name()).toFloats(),
                    q.parameterGradient(k.node(), k.name()).toFloats(),
                    k.toString());
              }
            });
  }

  @ParameterizedTest
  @EnumSource(Gradients.class)
  void givesTheGradientsThatWerePlannedAndNoOther(Gradients g) {
    Rig r = new Rig(TestBackends.fast());
    NetworkPlan both = r.plan(NETWORK, Gradients.BOTH);
    NetworkPlan plan = r.plan(NETWORK, g);
    Tensor x = r.x(MAX);
    Tensor dy = r.dy(MAX);
    both.forward(r.ctx, x);
    both.backward(r.ctx, dy);
    // A plan without gradients of parameters folds the batch norm.
    close(both.forward(r.ctx, x).toFloats(), plan.forward(r.ctx, x).toFloats(), "output");
    both.backward(r.ctx, dy);
    if (g == Gradients.NONE) {
      refuses("backward of a plan without gradients", () -> plan.backward(r.ctx, dy));
    } else {
      plan.backward(r.ctx, dy);
    }
    if (g.input()) {
      close(both.inputGradient().toFloats(), plan.inputGradient().toFloats(), "input gradient");
    } else {
      refuses("no input gradient", plan::inputGradient);
    }
    if (g.parameters()) {
      assertArrayEquals(
          both.parameterGradient("conv2", "w").toFloats(),
          plan.parameterGradient("conv2", "w").toFloats());
      refuses("no gradient of norm.mean", () -> plan.parameterGradient("norm", "mean"));
    } else {
      refuses("no gradient of conv2.w", () -> plan.parameterGradient("conv2", "w"));
    }
    assertTrue(g == Gradients.BOTH || plan.memoryBytes() < both.memoryBytes());
  }

  /** Records what it is asked for. */
  private record Spy(List<String> calls, boolean trains) implements Layer {
    @Override
    public String kind() {
      return "Spy";
    }

    @Override
    public Shape outputShape(List<Shape> inputs) {
      return inputs.get(0);
    }

    @Override
    public List<ParameterSpec> parameters(List<Shape> inputs) {
      return trains ? List.of(ParameterSpec.bias("b", Shape.of(1))) : List.of();
    }

    @Override
    public LayerPlan plan(LayerSetup setup) {
      return new LayerPlan() {
        @Override
        public void forward(Context ctx, LayerTensors t) {}

        @Override
        public void backward(Context ctx, LayerTensors t) {
          boolean dw = trains && t.dw(0) != null;
          assertEquals(setup.inputGradient(), t.dx() != null);
          assertEquals(setup.parameterGradient(), dw);
          calls.add((t.dx() != null ? "dx" : "") + (dw ? "dw" : ""));
        }
      };
    }
  }

  private List<String> asked(Gradients g) {
    Backend backend = opened(Backends.create("reference"));
    List<String> calls = new ArrayList<>();
    Network n =
        Network.builder("spies", Shape.of(3))
            .add("plain1", new Spy(calls, false))
            .add("trains1", new Spy(calls, true))
            .add("plain2", new Spy(calls, false))
            .add("trains2", new Spy(calls, true))
            .build();
    Parameters p = opened(Parameters.initialize(n, backend, ElementType.F32, 1));
    NetworkPlan plan = opened(n.plan(backend, p, 2, NetworkOptions.of(g)));
    TensorArena arena = opened(backend.arena(1 << 10));
    Tensor x = arena.tensor(ElementType.F32, 2, 3);
    Context ctx = opened(backend.newContext());
    plan.forward(ctx, x);
    plan.backward(ctx, arena.tensor(ElementType.F32, 2, 3));
    return calls;
  }

  /** An attack never pays for parameters; training never for what lies below the first layer. */
  @Test
  void asksLayersOnlyForWhatIsNeeded() {
    assertEquals(List.of("dx", "dx", "dx", "dx"), asked(Gradients.INPUT));
    assertEquals(List.of("dxdw", "dx", "dw"), asked(Gradients.PARAMETERS));
    assertEquals(List.of("dxdw", "dx", "dxdw", "dx"), asked(Gradients.BOTH));
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 9})
  void slicesShareParametersAndCompose(int cut) {
    Rig r = new Rig(TestBackends.fast());
    NetworkPlan whole = r.plan(NETWORK, Gradients.BOTH);
    NetworkPlan low = r.plan(NETWORK.slice(0, cut), Gradients.BOTH);
    NetworkPlan high = r.plan(NETWORK.slice(cut, NETWORK.nodes().size()), Gradients.BOTH);
    Tensor x = r.x(3);
    Tensor dy = r.dy(3);
    for (int round = 0; round < 2; round++) {
      float[] y = whole.forward(r.ctx, x).toFloats();
      whole.backward(r.ctx, dy);
      Tensor middle = low.forward(r.ctx, x);
      assertArrayEquals(y, high.forward(r.ctx, middle).toFloats());
      high.backward(r.ctx, dy);
      low.backward(r.ctx, high.inputGradient());
      assertArrayEquals(whole.inputGradient().toFloats(), low.inputGradient().toFloats());
      for (var e : r.parameters.specs().entrySet()) {
        Parameters.Key k = e.getKey();
        boolean below = low.network().nodes().stream().anyMatch(n -> n.name().equals(k.node()));
        if (e.getValue().trainable()) {
          assertArrayEquals(
              whole.parameterGradient(k.node(), k.name()).toFloats(),
              (below ? low : high).parameterGradient(k.node(), k.name()).toFloats(),
              k.toString());
        }
      }
      // All three read the one set of parameters.
      double[] w = r.parameters.values(new Parameters.Key("conv1", "w"));
      w[0] += 0.5;
      r.parameters.set(new Parameters.Key("conv1", "w"), w);
      whole.parametersChanged(r.ctx);
      low.parametersChanged(r.ctx);
      high.parametersChanged(r.ctx);
      assertFalse(Arrays.equals(y, whole.forward(r.ctx, x).toFloats()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pool", "sum", "sigmoid"})
  void aKeptLayerSurvivesBackward(String name) {
    Rig r = new Rig(TestBackends.fast());
    NetworkPlan plan = r.plan(NETWORK, Gradients.BOTH, name);
    int end = 1 + NETWORK.nodes().indexOf(NETWORK.node(name));
    NetworkPlan below = r.plan(NETWORK.slice(0, end == 7 ? 7 : end), Gradients.NONE);
    Tensor x = r.x(4);
    float[] wanted = below.forward(r.ctx, x).toFloats();
    plan.forward(r.ctx, x);
    plan.backward(r.ctx, r.dy(4));
    close(wanted, plan.output(name).toFloats(), name);
    assertEquals(Set.of(name), plan.options().keep());
    refuses("output of relu1 was not kept", () -> plan.output("relu1"));
    refuses("has no layer nothing", () -> r.plan(NETWORK, Gradients.NONE, "nothing"));
  }

  @Test
  void outputStaysThroughBackward() {
    Rig r = new Rig(TestBackends.fast());
    NetworkPlan plan = r.plan(NETWORK, Gradients.BOTH);
    Tensor y = plan.forward(r.ctx, r.x(4));
    float[] before = y.toFloats();
    plan.backward(r.ctx, r.dy(4));
    assertArrayEquals(before, y.toFloats());
  }

  private static void refuses(String because, Executable wrong) {
    String message = assertThrows(InvalidInputException.class, wrong).getMessage();
    assertTrue(message.startsWith("Network net"), message);
    assertTrue(message.contains(because), message);
  }

  @Test
  void namesWhatIsWrongWithACall() {
    Rig r = new Rig(TestBackends.fast());
    Rig other = new Rig("reference");
    NetworkPlan plan = r.plan(NETWORK, Gradients.INPUT);
    refuses("before any forward", () -> plan.backward(r.ctx, r.dy(2)));
    refuses("no input gradient", plan::inputGradient);
    refuses(
        "planned are 1..5 samples F32[2,6,6] on " + TestBackends.fast(),
        () -> plan.forward(r.ctx, r.x(6)));
    refuses("planned are", () -> plan.forward(r.ctx, r.random(Shape.of(2, 6, 5), 2, 1)));
    refuses("planned are", () -> plan.forward(r.ctx, other.x(2)));
    Tensor f64 = r.arena.tensor(ElementType.F64, 1, 2, 6, 6);
    refuses("planned are", () -> plan.forward(r.ctx, f64));
    plan.forward(r.ctx, r.x(2));
    refuses("after a forward to", () -> plan.backward(r.ctx, r.dy(3)));
    plan.backward(r.ctx, r.dy(2));
    refuses("a second backward after one forward", () -> plan.backward(r.ctx, r.dy(2)));
    refuses(
        "use Parameters.copyTo",
        () -> NETWORK.plan(r.backend, other.parameters, 2, NetworkOptions.of(Gradients.NONE)));
    refuses(
        "batch must be at least 1",
        () -> NETWORK.plan(r.backend, r.parameters, 0, NetworkOptions.of(Gradients.NONE)));
  }

  @Test
  void tellsWhichImplementationsRun() {
    Rig r = new Rig(TestBackends.fast());
    Map<String, String> names = r.plan(NETWORK, Gradients.INPUT).implementations();
    assertEquals(
        NETWORK.nodes().stream().map(Network.Node::name).toList(), List.copyOf(names.keySet()));
    String library = TestBackends.fast().equals("cuda") ? "cublaslt:" : "cpu:";
    assertTrue(names.get("dense1").contains(library), names.toString());
  }
}
