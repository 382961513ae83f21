package dev.blindspot.nn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Affine;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.ContrastNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Reshape;
import dev.blindspot.nn.layers.Softmax;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LayerGradientTest {
  private static final Shape IMAGE = Shape.of(3, 5, 4);

  static Stream<Arguments> layers() {
    Initializer w = Initializer.glorot(1);
    return Stream.of(
            Conv2d.of(4, 3, 1, 1),
            new Conv2d(6, 2, 3, 2, 1, 1, 0, 2, 1, 1, 2, 3, true, w),
            Conv2d.of(2, 3, 2, 1).withoutBias(),
            Linear.of(7),
            new Linear(3, false, w),
            ActivationLayer.relu(),
            new ActivationLayer(Activation.LEAKY_RELU, 0.1),
            ActivationLayer.sigmoid(),
            ActivationLayer.tanh(),
            Pool2d.max(2, 2),
            Pool2d.max(3, 1),
            new Pool2d(Pooling.MAX, 3, 2, 2, 1, 1, 1, 2, 0),
            Pool2d.average(3, 2),
            new Pool2d(Pooling.AVERAGE_EXCLUDE_PAD, 3, 3, 2, 2, 1, 1, 1, 1),
            BatchNorm.standard(),
            new LocalResponseNorm(2, 0.3, 0.75, 1.5),
            new LocalResponseNorm(5, 0.3, 0.75, 2),
            new ContrastNorm(0.5, 0.75),
            new Softmax(false),
            new Softmax(true),
            new Flatten(),
            new Reshape(Shape.of(60)),
            new Dropout(0.4),
            new Affine(false),
            new Affine(true),
            new IdentityShortcut(2, 5),
            new IdentityShortcut(1, 3))
        .flatMap(l -> Stream.of(Arguments.of(l, false), Arguments.of(l, true)));
  }

  /** Distinct multiples of 1/16, none 0: no kink or tie within the differences' reach. */
  private static double[] input(int n, Shape shape, long seed) {
    List<Double> values = new ArrayList<>();
    int size = (int) (n * shape.size());
    for (int i = 0; i < size; i++) {
      values.add((i - size / 2 + 0.5) / 16);
    }
    Collections.shuffle(values, new Random(seed));
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static void check(Network network, boolean training) {
    try (Backend reference = Backends.create("reference");
        Parameters p = Parameters.initialize(network, reference, ElementType.F64, 3)) {
      GradientCheck.Result r =
          new GradientCheck(network, reference, p, training)
              .run(3, input(3, network.inputShape(), 5), 7);
      assertTrue(r.input() < 1e-6, network.name() + ": input gradient off by " + r.input());
      assertTrue(r.parameters() < 1e-6, network.name() + ": parameters off by " + r.parameters());
    }
  }

  @ParameterizedTest
  @MethodSource("layers")
  void gradientEqualsDifferences(Layer layer, boolean training) {
    check(Network.builder(layer.kind(), IMAGE).add(layer).build(), training);
  }

  @ParameterizedTest
  @MethodSource("graphs")
  void gradientOfBranchesAddsUp(Network network) {
    check(network, false);
  }

  static Stream<Network> graphs() {
    return Stream.of(
        Network.builder("residual", IMAGE)
            .add("c1", Conv2d.of(3, 3, 1, 1))
            .add("s", ActivationLayer.tanh())
            .add("c2", Conv2d.of(3, 3, 1, 1))
            .add("sum", new Add(), "c2", Network.INPUT)
            .add("out", Linear.of(4))
            .build(),
        Network.builder("fan", IMAGE)
            .add("a", ActivationLayer.sigmoid())
            .add("b", ActivationLayer.tanh(), "a")
            .add("c", Conv2d.of(2, 1, 1, 0), "a")
            .add("joined", new Concat(), "b", "c", "a")
            .add("out", Linear.of(3))
            .build(),
        Network.builder("twice", Shape.of(6))
            .add("h", Linear.of(5))
            .add("sum", new Add(), "h", "h")
            .add("out", ActivationLayer.tanh())
            .build());
  }
}
