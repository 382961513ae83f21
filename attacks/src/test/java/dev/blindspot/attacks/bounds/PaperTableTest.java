package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.zoo.Zoo;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The paper's columns beside guaranteed brackets. */
class PaperTableTest {
  private static final BoundsOptions OPTIONS = BoundsOptions.defaults().threads(1).work(1e6);

  private static PaperTable table(Network net, String node, double... w) {
    try (Parameters p = Nets.parameters(net, 1)) {
      if (w.length > 0) {
        Nets.set(p, node, "w", w);
      }
      return PaperTable.of(net, p, OPTIONS);
    }
  }

  @Test
  void aLayerOfThePapersSizeHasThePapersNumber() {
    Network net = Nets.chain(Shape.of(3, 11, 11), Conv2d.of(96, 11, 4, 0));
    PaperTable.Row row = table(net, "conv2d1").rows().get(0);
    assertEquals("3x11x11x96", row.size());
    assertEquals(4, row.stride());
    assertEquals(2.75, row.paper());
    assertEquals("equation (1)", row.note());
    Network otherStride = Nets.chain(Shape.of(3, 11, 11), Conv2d.of(96, 11, 2, 0));
    assertEquals(Double.NaN, table(otherStride, "").rows().get(0).paper());
  }

  /** The sizes of all eight layers, without their weights: 244 MB of them are not needed for it. */
  @Test
  void sizesOfTheZoosAlexnetAreThoseOfThePaper() {
    Network net = Zoo.get("alexnet", Shape.of(3, 227, 227), 1000).network();
    List<String> sizes =
        net.nodes().stream()
            .filter(n -> n.layer() instanceof Conv2d || n.layer() instanceof Linear)
            .map(PaperTable::size)
            .toList();
    assertEquals(PaperTable.TABLE_5.stream().map(PaperTable.PaperLayer::size).toList(), sizes);
    double product = 1;
    for (PaperTable.PaperLayer layer : PaperTable.TABLE_5) {
      product *= layer.bound();
    }
    assertEquals(792_792, product, 1e-6);
  }

  @Test
  void printedColumnMissesWhatStrideAndOverlapDo() {
    Network net =
        Nets.chain(
            Shape.of(1, 14, 14),
            Conv2d.of(1, 1, 2, 0),
            ActivationLayer.relu(),
            new LocalResponseNorm(3, 1e-4, 0.75, 2),
            Pool2d.max(3, 2),
            new Flatten(),
            Linear.of(1));
    try (Parameters p = Nets.parameters(net, 1)) {
      Nets.set(p, "conv2d1", "w", 1);
      double[] w = new double[9];
      Arrays.fill(w, 1);
      Nets.set(p, "linear1", "w", w);
      PaperTable t = PaperTable.of(net, p, OPTIONS);
      double[] printed = {0.5, 1, 1, 1, 1, 3};
      for (int i = 0; i < printed.length; i++) {
        assertEquals(printed[i], t.rows().get(i).printed(), 1e-6, t.rows().get(i).toString());
      }
      assertEquals(1.5, t.printedProduct(), 1e-5);
      assertEquals(1, t.rows().get(0).bound().upper(), 1e-6);
      assertEquals(2, t.rows().get(3).bound().lower(), 1e-12);
      assertTrue(t.rows().get(3).note().contains("contractive"));
      assertEquals(Double.NaN, t.paperProduct());
      assertEquals(NetworkBounds.of(net, p, OPTIONS), t.bound());
    }
  }

  private static void undefined(String reason, Shape input, Layer layer) {
    PaperTable t = table(Nets.chain(input, layer), "");
    assertEquals(Double.NaN, t.rows().get(0).printed(), layer.toString());
    assertTrue(t.rows().get(0).note().contains(reason), t.rows().get(0).note());
    assertTrue(t.rows().get(0).note().contains("not defined in the paper"));
    assertEquals(Double.NaN, t.printedProduct());
    assertTrue(t.bound().certified());
  }

  @Test
  void whatThePaperDoesNotDefineHasNoNumber() {
    Initializer he = Initializer.he();
    Shape image = Shape.of(2, 8, 8);
    undefined("not square", image, new Conv2d(2, 3, 2, 1, 1, 0, 0, 0, 0, 1, 1, 1, true, he));
    undefined("not square", image, new Conv2d(2, 3, 3, 1, 2, 0, 0, 0, 0, 1, 1, 1, true, he));
    undefined("2 groups", image, new Conv2d(2, 3, 3, 1, 1, 0, 0, 0, 0, 1, 1, 2, true, he));
    undefined("dilation", image, new Conv2d(2, 3, 3, 1, 1, 0, 0, 0, 0, 2, 2, 1, true, he));
    undefined("AveragePool", image, Pool2d.average(2, 2));
    Network residual = Nets.networks().get(3);
    PaperTable t = table(residual, "");
    assertEquals("", t.rows().get(0).size());
    assertTrue(t.rows().get(0).note().contains("several layers"), t.rows().get(0).note());
  }

  @Test
  void weightsThatAreNotFiniteGiveNoNumberAndNoCertificate() {
    Network net = Nets.chain(Shape.of(1, 3, 3), Conv2d.of(1, 1, 1, 0));
    PaperTable t = table(net, "conv2d1", Double.NaN);
    assertEquals(Double.NaN, t.rows().get(0).printed());
    assertEquals(Double.POSITIVE_INFINITY, t.bound().upper());
  }

  @Test
  void aBoundOfAnotherNetworkIsRefused() {
    Network net = Nets.chain(Shape.of(2), Linear.of(2));
    Network other = Nets.chain(Shape.of(2), Linear.of(2), ActivationLayer.relu());
    try (Parameters p = Nets.parameters(net, 1)) {
      NetworkBound bound = NetworkBounds.of(net, p, OPTIONS);
      InvalidInputException e =
          assertThrows(InvalidInputException.class, () -> PaperTable.of(other, p, bound, OPTIONS));
      assertTrue(e.getMessage().contains("1 rows"), e.getMessage());
    }
  }
}
