package dev.blindspot.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plans keep channels last between convolutions where the precision makes that pay. */
class ChannelsLastTest {
  /** The cpu has neither; the reference has both and rounds nothing. */
  private static final String BACKEND =
      TestBackends.fast().equals("cpu") ? "reference" : TestBackends.fast();

  private static Network plain(int channels) {
    return Network.builder("plain", Shape.of(channels, 10, 9))
        .add("conv1", Conv2d.of(8, 3, 1, 1))
        .add("relu1", ActivationLayer.relu())
        .add("pool1", Pool2d.max(2, 2))
        .add("conv2", Conv2d.of(8, 3, 1, 1))
        .add("relu2", ActivationLayer.relu())
        .add("flatten", new Flatten())
        .add("fc", Linear.of(5))
        .build();
  }

  /** With what has no channels last: a shortcut with other channels, a norm across channels. */
  private static Network residual() {
    return Network.builder("residual", Shape.of(3, 8, 8))
        .add("conv1", Conv2d.of(4, 3, 1, 1).withoutBias())
        .add("norm1", BatchNorm.standard())
        .add("relu1", ActivationLayer.relu())
        .add("conv2", Conv2d.of(4, 3, 1, 1))
        .add("sum2", new Add(), "conv2", "relu1")
        .add("relu2", ActivationLayer.relu())
        .add("conv3", Conv2d.of(8, 3, 2, 1))
        .add("shortcut", new IdentityShortcut(2, 8), "relu2")
        .add("sum3", new Add(), "conv3", "shortcut")
        .add("relu3", ActivationLayer.relu())
        .add("lrn", new LocalResponseNorm(3, 0.1, 0.75, 1))
        .add("conv4", Conv2d.of(4, 1, 1, 0))
        .add("pool", Pool2d.average(2, 2))
        .build();
  }

  /** y, dx and the names of what ran. */
  private record Result(double[] y, double[] dx, Map<String, String> implementations) {}

  private static Result run(Network net, NetworkOptions options, int n) {
    try (Backend b = Backends.create(BACKEND);
        Parameters p = Parameters.initialize(net, b, ElementType.F32, 5);
        Context ctx = b.newContext();
        TensorArena arena = b.arena(1 << 20);
        NetworkPlan plan = net.plan(b, p, 3, options)) {
      SplittableRandom random = new SplittableRandom(2);
      Tensor x = random(arena, net.inputShape().batched(n), random);
      Tensor dy = random(arena, net.outputShape().batched(n), random);
      Result r = null;
      for (int round = 0; round < 2; round++) {
        double[] y = values(plan.forward(ctx, x));
        assertEquals(Layout.NCHW, plan.output(last(net)).layout());
        plan.backward(ctx, dy);
        r = new Result(y, values(plan.inputGradient()), plan.implementations());
      }
      return r;
    }
  }

  private static double[] values(Tensor t) {
    float[] f = t.toFloats();
    double[] v = new double[f.length];
    Arrays.setAll(v, i -> f[i]);
    return v;
  }

  private static String last(Network net) {
    return net.nodes().get(net.nodes().size() - 1).name();
  }

  private static Tensor random(TensorArena arena, Shape shape, SplittableRandom random) {
    float[] v = new float[(int) shape.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) random.nextGaussian();
    }
    return arena.tensor(ElementType.F32, shape, Layout.NCHW).copyFrom(v);
  }

  @ParameterizedTest
  @CsvSource({"plain1,3", "plain3,2", "residual,1", "residual,3"})
  void resultsAreThoseOfChannelsFirst(String name, int n) {
    Network net = name.equals("residual") ? residual() : plain(name.endsWith("1") ? 1 : 3);
    NetworkOptions options = NetworkOptions.of(Gradients.INPUT);
    Result first = run(net, options, n);
    Result last = run(net, options.precision(Precision.TF32), n);
    assertFalse(first.implementations.toString().contains("reordered"));
    assertTrue(
        last.implementations.toString().contains("reordered"), last.implementations::toString);
    assertClose(first.y, last.y);
    assertClose(first.dx, last.dx);
  }

  /**
   * TF32 rounds factors to 11 bits and may so turn a ReLU or a maximum; a wrong order would be as
   * far away as the values are large.
   */
  private static void assertClose(double[] expected, double[] got) {
    assertEquals(expected.length, got.length);
    double difference = 0;
    double size = 0;
    for (int i = 0; i < got.length; i++) {
      difference += (got[i] - expected[i]) * (got[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    double near = BACKEND.equals("reference") ? 1e-5 : 0.1;
    assertTrue(Math.sqrt(difference) <= near * Math.sqrt(size), difference + " of " + size);
  }

  /** Only where the flat features are read: one channel has but one order, the pool follows. */
  @Test
  void onlyEdgesAreReordered() {
    Map<String, String> i =
        run(plain(1), NetworkOptions.of(Gradients.INPUT).precision(Precision.TF32), 2)
            .implementations;
    for (String layer : new String[] {"conv1", "pool1", "conv2"}) {
      assertFalse(i.get(layer).contains("reordered"), i::toString);
    }
    assertTrue(i.get("fc").contains("reordered to NCHW"), i::toString);
  }

  @Test
  void whatIsKeptHasChannelsFirst() {
    NetworkOptions options = NetworkOptions.of(Gradients.INPUT).keep("relu1", "flatten");
    Network net = plain(3);
    double[][] kept = new double[2][];
    for (Precision precision : new Precision[] {Precision.FP32, Precision.TF32}) {
      try (Backend b = Backends.create(BACKEND);
          Parameters p = Parameters.initialize(net, b, ElementType.F32, 5);
          Context ctx = b.newContext();
          TensorArena arena = b.arena(1 << 20);
          NetworkPlan plan = net.plan(b, p, 2, options.precision(precision))) {
        plan.forward(ctx, random(arena, net.inputShape().batched(2), new SplittableRandom(2)));
        assertEquals(Layout.NCHW, plan.output("relu1").layout());
        kept[precision.ordinal()] =
            new double[] {values(plan.output("relu1"))[7], values(plan.output("flatten"))[11]};
      }
    }
    assertArrayEquals(kept[0], kept[1], BACKEND.equals("reference") ? 1e-5 : 0.03);
  }
}
