package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Affine;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class NetworkBoundsTest {
  private static final BoundsOptions OPTIONS = BoundsOptions.defaults().threads(1).work(1e8);

  @Test
  void productOfTheRowsIsTheNetworksBound() {
    Network net =
        Nets.chain(
            Shape.of(1, 12, 12),
            new Affine(false),
            Conv2d.of(4, 3, 1, 1),
            ActivationLayer.relu(),
            Pool2d.max(3, 2),
            new Flatten(),
            Linear.of(6),
            ActivationLayer.sigmoid(),
            Linear.of(3));
    try (Parameters p = Nets.parameters(net, 3)) {
      Nets.set(p, "affine1", Affine.SCALE, -3);
      NetworkBound b = NetworkBounds.of(net, p, OPTIONS);
      assertEquals(8, b.layers().size());
      double product = 1;
      for (LayerBound l : b.layers()) {
        product *= l.upper();
      }
      assertEquals(product, b.upper(), 1e-14 * product);
      assertTrue(b.upper() >= product * (1 - 1e-15) && b.certified());
      assertEquals(3, b.layers().get(0).upper());
      assertTrue(b.statement().contains("real-valued"), b.statement());
    }
  }

  @Test
  void rowsStandForTheirPartsAndMultiplyOneAfterTheOther() {
    for (Network net : Nets.networks()) {
      try (Parameters p = Nets.parameters(net, 5)) {
        NetworkBound b = NetworkBounds.of(net, p, OPTIONS);
        List<List<Network.Node>> parts = NetworkBounds.parts(net);
        assertEquals(b.layers().size(), parts.size());
        assertEquals(net.nodes(), parts.stream().flatMap(List::stream).toList());
        List<Double> products = b.products();
        assertEquals(b.upper(), products.get(products.size() - 1));
        double product = 1;
        for (int row = 0; row < parts.size(); row++) {
          product *= b.layers().get(row).upper();
          assertEquals(product, products.get(row), 1e-14 * product);
          String last = parts.get(row).get(parts.get(row).size() - 1).name();
          assertTrue(b.layers().get(row).name().endsWith(last), b.layers().get(row) + " " + last);
        }
      }
    }
  }

  @Test
  void aDifferenceOfEqualUnitsHasProductTwo() {
    Network net = Nets.chain(Shape.of(1), Linear.of(2), ActivationLayer.relu(), Linear.of(1));
    try (Parameters p = Nets.parameters(net, 1)) {
      Nets.set(p, "linear1", "w", 1, 1);
      Nets.set(p, "linear2", "w", 1, -1);
      assertEquals(2, NetworkBounds.of(net, p, OPTIONS).upper(), 1e-9);
    }
  }

  @Test
  void residualBlocksAreOneRowOfOnePlusTheBranch() {
    Network net =
        Network.builder("residual", Shape.of(2, 6, 6))
            .add("conv", Conv2d.of(2, 3, 1, 1))
            .add("relu", ActivationLayer.relu())
            .add("branch1", Conv2d.of(4, 3, 2, 1).withoutBias())
            .add("norm1", BatchNorm.standard())
            .add("relu1", ActivationLayer.relu())
            .add("branch2", Conv2d.of(4, 3, 1, 1))
            .add("shortcut", new IdentityShortcut(2, 4), "relu")
            .add("add", new Add(), "branch2", "shortcut")
            .add("relu2", ActivationLayer.relu())
            .build();
    try (Parameters p = Nets.parameters(net, 5)) {
      Nets.set(p, "norm1", "gamma", 1, 2, -3, 0.5);
      Nets.set(p, "norm1", "variance", 0.5, 1, 4, 2);
      NetworkBound b = NetworkBounds.of(net, p, OPTIONS);
      assertEquals(
          List.of("conv", "relu", "add", "relu2"),
          b.layers().stream().map(LayerBound::name).toList());
      LayerBound one = LayerBounds.linear(net.node("branch1"), net.node("norm1"), p, OPTIONS);
      LayerBound two = LayerBounds.of(net.node("branch2"), p, OPTIONS);
      double expected = 1 + one.upper() * two.upper();
      assertEquals(expected, b.layers().get(2).upper(), 1e-12 * expected);
      assertEquals("Residual", b.layers().get(2).kind());
      assertEquals(b.layers().get(0).upper() * expected, b.upper(), 1e-12 * b.upper());
    }
  }

  @Test
  void foldedBatchNormIsTighterThanTheProduct() {
    Network net = Nets.chain(Shape.of(3, 5, 5), Conv2d.of(3, 1, 1, 0), BatchNorm.standard());
    try (Parameters p = Nets.parameters(net, 5)) {
      Nets.set(p, "conv2d1", "w", 1, 0, 0, 0, 10, 0, 0, 0, 1);
      Nets.set(p, "batchnorm1", "gamma", 10, 1, 1);
      NetworkBound b = NetworkBounds.of(net, p, OPTIONS);
      assertEquals(1, b.layers().size());
      assertEquals("Conv2d+BatchNorm", b.layers().get(0).kind());
      assertEquals(10 / Math.sqrt(1 + 1e-5), b.upper(), 1e-6);
      assertTrue(b.layers().get(0).lower() > 9.99);
    }
  }

  @Test
  void concatTakesTheRootOfTheSquares() {
    Network net =
        Network.builder("concat", Shape.of(2))
            .add("three", new Linear(1, false, Initializer.constant(0)))
            .add("four", new Linear(1, false, Initializer.constant(0)), Network.INPUT)
            .add("both", new Concat(), "three", "four")
            .build();
    try (Parameters p = Nets.parameters(net, 5)) {
      Nets.set(p, "three", "w", 3, 0);
      Nets.set(p, "four", "w", 0, 4);
      NetworkBound b = NetworkBounds.of(net, p, OPTIONS);
      assertEquals(5, b.upper(), 1e-9);
      assertEquals(1, b.layers().size());
    }
  }

  @Test
  void weightsThatAreNotFiniteLeaveTheNetworkUncertified() {
    Network net = Nets.chain(Shape.of(2), Linear.of(2), ActivationLayer.relu(), Linear.of(2));
    for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
      try (Parameters p = Nets.parameters(net, 5)) {
        Nets.set(p, "linear1", "w", 0, 0, 0, 0);
        Nets.set(p, "linear2", "w", 1, bad, 0, 1);
        NetworkBound b = NetworkBounds.of(net, p, OPTIONS);
        assertFalse(b.certified());
        assertEquals(Double.POSITIVE_INFINITY, b.upper());
      }
    }
  }

  /** A user's layer that states its own constant. */
  record Doubling(double constant) implements BoundedLayer {
    @Override
    public String kind() {
      return "Doubling";
    }

    @Override
    public Shape outputShape(List<Shape> inputs) {
      return inputs.get(0);
    }

    @Override
    public LayerPlan plan(LayerSetup setup) {
      throw new AssertionError("bounds need no plan");
    }

    @Override
    public double lipschitz(List<Shape> inputs, Function<String, double[]> parameters) {
      return constant;
    }
  }

  @Test
  void ownLayersMayStateTheirConstant() {
    Network net = Nets.chain(Shape.of(2), new Doubling(2), new Doubling(4));
    try (Parameters p = Nets.parameters(net, 5)) {
      assertEquals(8, NetworkBounds.of(net, p, OPTIONS).upper(), 1e-12);
    }
    Network bad = Nets.chain(Shape.of(2), new Doubling(Double.NaN));
    try (Parameters p = Nets.parameters(bad, 5)) {
      assertFalse(NetworkBounds.of(bad, p, OPTIONS).certified());
    }
  }
}
