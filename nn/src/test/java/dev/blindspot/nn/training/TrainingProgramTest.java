package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.TestBackends;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Linear;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps of training as recorded programs: convolution, batch norm, dropout, dense. */
class TrainingProgramTest {
  private static final DataSet DATA = Blobs.draw(60, 1);

  /**
   * Without the batch norm of {@link Blobs}: a bias in front of it has no gradient but rounding.
   */
  private static final Network PLAIN =
      Network.builder("plain", Shape.of(1, 6, 6))
          .add("conv", Conv2d.of(4, 3, 1, 1))
          .add("relu", ActivationLayer.relu())
          .add("drop", new Dropout(0.2))
          .add("dense", Linear.of(3))
          .build();

  private static List<Recipe> recipes() {
    return List.of(Recipe.adam(2, 10, 5e-3, 1e-4, 1e-3), Recipe.sgd(2, 10, 0.05, 1e-4));
  }

  static Stream<Object[]> cases() {
    return TestBackends.names().flatMap(b -> recipes().stream().map(r -> new Object[] {b, r}));
  }

  private static double[] train(
      Network net, String name, Recipe r, ObjectiveTerm term, TrainingListener l) {
    try (Backend backend = Backends.create(name);
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 3)) {
      new Trainer(net, p, backend, r, 3, l, null, term).run(DATA);
      return p.specs().keySet().stream().flatMapToDouble(k -> Arrays.stream(p.values(k))).toArray();
    }
  }

  /** A term that adds nothing: with it nothing is recorded. */
  private static final class Nothing implements ObjectiveTerm {
    @Override
    public String identity() {
      return "nothing";
    }

    @Override
    public void beginEpoch(int epoch) {}

    @Override
    public void addGradients(Context ctx, NetworkPlan plan, long step) {}

    @Override
    public void parametersChanged(Context ctx) {}

    @Override
    public List<double[]> state() {
      return List.of();
    }

    @Override
    public void restore(List<double[]> state) {}
  }

  @ParameterizedTest
  @MethodSource("cases")
  void replaysGiveTheSameBitsAsExecutions(String backend, Recipe r) {
    TrainingListener silent = TrainingListener.silent();
    Network net = Blobs.network();
    double[] recorded = train(net, backend, r, ObjectiveTerm.none(), silent);
    assertArrayEquals(train(net, backend, r, new Nothing(), silent), recorded);
  }

  /** Each step draws its own dropout, rates fall, Adam's corrections change. */
  @ParameterizedTest
  @MethodSource("cases")
  void trainingAgreesWithTheReference(String backend, Recipe r) {
    TrainingListener silent = TrainingListener.silent();
    double[] wanted = train(PLAIN, "reference", r, new Nothing(), silent);
    assertArrayEquals(wanted, train(PLAIN, backend, r, ObjectiveTerm.none(), silent), 1e-4);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.nn.TestBackends#names")
  void eachReplayDrawsTheNoiseOfItsStep(String name) {
    Network net = Network.builder("drop", Shape.of(40)).add("drop", new Dropout(0.5)).build();
    NetworkOptions options = NetworkOptions.of(Gradients.PARAMETERS).training(true).seed(5);
    try (Backend backend = Backends.create(name);
        Context ctx = backend.newContext();
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1);
        TensorArena arena = backend.arena(1 << 10);
        NetworkPlan plan = net.plan(backend, p, 2, options)) {
      Tensor x = arena.tensor(ElementType.F32, 2, 40);
      float[] ones = new float[80];
      Arrays.fill(ones, 1);
      ctx.upload(ones, x);
      Set<String> seen = new HashSet<>();
      float[][] executed = new float[4][];
      for (int step = 0; step < 4; step++) {
        plan.step(ctx, step);
        executed[step] = plan.forward(ctx, x).toFloats();
        seen.add(Arrays.toString(executed[step]));
      }
      assertEquals(4, seen.size());
      try (Program program = ctx.record(() -> plan.forward(ctx, x))) {
        for (int step = 0; step < 4; step++) {
          plan.step(ctx, step);
          program.run();
          assertArrayEquals(executed[step], plan.output("drop").toFloats(), "step " + step);
        }
      }
    }
  }

  /** Counts of the stand-in: waits for streams, work given to streams, graphs among it. */
  private static int[] calls() {
    int[] counts = new int[3];
    int[] attributes = {9001, 9004, 9005};
    for (int i = 0; i < 3; i++) {
      int[] value = new int[1];
      cudart.cudaDeviceGetAttribute(value, attributes[i], 0);
      counts[i] = value[0];
    }
    return counts;
  }

  @Test
  void theHostUploadsLaunchesAndDoesNotWait() {
    assumeTrue(
        TestBackends.fast().equals("cuda")
            && cudart.cudaDeviceGetAttribute(new int[1], 9001, 0) == 0,
        "only the stand-in for a GPU counts its calls");
    List<int[]> seen = new ArrayList<>();
    TrainingListener counting = (step, steps, loss) -> seen.add(calls());
    train(Blobs.network(), "cuda", recipes().get(0), ObjectiveTerm.none(), counting);
    assertEquals(12, seen.size());
    for (int i = 2; i < seen.size(); i++) { // executed, recorded, then replayed
      int[] before = seen.get(i - 1);
      int[] now = seen.get(i);
      assertEquals(i == 6 ? 1 : 0, now[0] - before[0], "waits of step " + i);
      assertEquals(1, now[2] - before[2], "graphs of step " + i);
      // Images, labels, dropout's counter, Adam's two numbers; an event behind each.
      assertEquals(1 + 2 * 5, now[1] - before[1], "work of step " + i);
    }
  }
}
