package dev.blindspot.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class NetworkTest {
  private static Network.Builder image() {
    return Network.builder("net", Shape.of(2, 5, 4));
  }

  private static void refuses(String because, Executable wrong) {
    String message = assertThrows(InvalidInputException.class, wrong).getMessage();
    assertTrue(message.startsWith("Network net"), message);
    assertTrue(message.contains(because), message);
    assertEquals(1, message.lines().count(), message);
  }

  @Test
  void acceptsImagesOfItsShapeAndAnyAsAVector() {
    Shape image = Shape.of(1, 28, 28);
    for (Shape own : List.of(image, Shape.of(28, 28), Shape.of(784), Shape.of(784, 1))) {
      assertTrue(Network.builder("net", own).add(Linear.of(2)).build().accepts(image), "" + own);
    }
    for (Shape own : List.of(Shape.of(16, 49), Shape.of(28, 28, 3), Shape.of(783, 1))) {
      assertFalse(Network.builder("net", own).add(Linear.of(2)).build().accepts(image), "" + own);
    }
  }

  @Test
  void namesWhatIsWrongWithAGraph() {
    refuses("has no layer", () -> image().build());
    refuses(
        "layer b reads 'z', which is not there",
        () -> image().add("a", Linear.of(3)).add("b", Linear.of(3), "z"));
    refuses(
        "layer a reads 'b', which is not there", // a cycle cannot be written down
        () -> image().add("a", new Add(), Network.INPUT, "b"));
    refuses(
        "layer a reads 'a', which is not there",
        () -> image().add("a", new Add(), Network.INPUT, "a"));
    refuses("layer name 'a'", () -> image().add("a", Linear.of(3)).add("a", Linear.of(3)));
    refuses("layer name ''", () -> image().add("", Linear.of(3), Network.INPUT));
    refuses("layer name 'input'", () -> image().add("input", Linear.of(3), Network.INPUT));
    refuses(
        "nothing reads layer a",
        () -> image().add("a", Linear.of(3)).add("b", Linear.of(2), Network.INPUT).build());
  }

  @Test
  void namesTheLayerThatDoesNotFit() {
    refuses(
        "layer sum",
        () -> image().add("a", Linear.of(3)).add("sum", new Add(), "a", Network.INPUT));
    refuses(
        "layer both",
        () -> image().add("p", Pool2d.max(2, 2)).add("both", new Concat(), "p", Network.INPUT));
    refuses("layer c", () -> image().add("f", Linear.of(3)).add("c", Conv2d.of(2, 3, 1, 1)));
    refuses("layer c", () -> image().add("c", Conv2d.of(2, 9, 1, 0)));
    refuses("layer p", () -> image().add("p", Pool2d.max(6, 1)));
    refuses("layer l", () -> image().add("l", Linear.of(0)));
    refuses("layer s", () -> image().add("s", new IdentityShortcut(2, 1)));
    refuses("layer r", () -> image().add("r", ActivationLayer.relu(), "input", "input"));
  }

  @Test
  void countsOnlyWhatIsTrained() {
    Network n =
        image()
            .add("conv", Conv2d.of(3, 3, 1, 1)) // 3 (2 9) + 3 = 57
            .add("norm", BatchNorm.standard()) // 3 + 3 of 12
            .add("dense", new Linear(7, false, Initializer.he())) // 7 * 60
            .build();
    assertEquals(57 + 6 + 420, n.parameterCount());
    assertEquals(Shape.of(7), n.outputShape());
    assertEquals(Shape.of(3, 5, 4), n.node("norm").outputShape());
    refuses("has no layer nrom", () -> n.node("nrom"));
  }

  @Test
  void namesLayersByKindAndNumber() {
    Network n = image().add(Linear.of(3)).add(ActivationLayer.relu()).add(Linear.of(2)).build();
    assertEquals(
        List.of("linear1", "relu1", "linear2"),
        n.nodes().stream().map(Network.Node::name).toList());
  }

  @Test
  void aSliceMustHaveOneInput() {
    Network n =
        image()
            .add("a", ActivationLayer.tanh())
            .add("b", ActivationLayer.relu())
            .add("sum", new Add(), "a", "b")
            .add("out", Linear.of(2))
            .build();
    refuses("slice 2..2", () -> n.slice(2, 2));
    refuses("slice -1..2", () -> n.slice(-1, 2));
    refuses("slice 0..5", () -> n.slice(0, 5));
    refuses("", () -> n.slice(2, 4)); // reads a and b
    assertEquals(List.of("input", "b"), n.slice(1, 3).node("sum").inputs());
    assertEquals(Shape.of(2, 5, 4), n.slice(1, 3).inputShape());
  }
}
