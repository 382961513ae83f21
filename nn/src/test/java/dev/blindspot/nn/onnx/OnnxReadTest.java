package dev.blindspot.nn.onnx;

import static dev.blindspot.nn.onnx.Refusals.invalid;
import static dev.blindspot.nn.onnx.Refusals.unsupported;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Affine;
import dev.blindspot.nn.layers.Conv2d;
import java.util.List;
import org.junit.jupiter.api.Test;

class OnnxReadTest {
  private static List<String> kinds(OnnxModel m) {
    return m.network().nodes().stream().map(n -> n.layer().kind()).toList();
  }

  @Test
  void matMulAndAddBecomeOneLayer() {
    OnnxModel m =
        Models.input(-1, 2)
            .weights("w", new long[] {2, 3}, 1, 2, 3, 4, 5, 6)
            .weights("b", new long[] {3}, 10, 20, 30)
            .node("MatMul", "h", List.of("x", "w"))
            .node("Add", "y", List.of("b", "h"))
            .read("y");
    assertEquals(List.of("Linear"), kinds(m));
    assertArrayEquals(new double[] {15, 27, 39}, Runs.output(m, new double[] {1, 1}, 1));
  }

  @Test
  void convAndAddBecomeOneLayer() {
    OnnxModel m =
        Models.input(-1, 1, 2, 2)
            .weights("w", new long[] {2, 1, 1, 1}, 2, 3)
            .weights("b", new long[] {2, 1, 1}, 10, 20)
            .node("Conv", "h", List.of("x", "w"))
            .node("Add", "y", List.of("h", "b"))
            .read("y");
    assertEquals(List.of("Conv2d"), kinds(m));
    double[] y = Runs.output(m, new double[] {1, 2, 3, 4}, 1);
    assertArrayEquals(new double[] {12, 14, 16, 18, 23, 26, 29, 32}, y);
  }

  @Test
  void sumAddsDataAndConstants() {
    OnnxModel m =
        Models.input(-1, 2)
            .weights("k", new long[] {2}, 10, 20)
            .node("Neg", "a", List.of("x"))
            .node("Relu", "b", List.of("x"))
            .node("Sum", "y", List.of("b", "k", "a", "x"))
            .read("y");
    assertArrayEquals(new double[] {13, 20}, Runs.output(m, new double[] {3, -4}, 1));
    Models shapes =
        Models.input(-1, 2)
            .weights("w", new long[] {2, 3}, 1, 2, 3, 4, 5, 6)
            .node("MatMul", "h", List.of("x", "w"))
            .node("Sum", "y", List.of("x", "h"));
    unsupported(shapes, "y", "(Sum, ", "broadcast of [2] and [3]");
  }

  @Test
  void theMeanOverAllPixelsIsAPool() {
    double[] x = {1, 2, 3, 6, 10, 20, 30, 40};
    for (long opset : new long[] {13, 18}) {
      for (int keep = 0; keep < 2; keep++) {
        Models m = Models.input(-1, 2, 2, 2).opset(opset);
        if (opset < 18) {
          m.node(
              "ReduceMean",
              "p",
              List.of("x"),
              Models.ints("axes", 2, 3),
              Models.integer("keepdims", keep));
        } else {
          m.integers("axes", -1, -2)
              .node("ReduceMean", "p", List.of("x", "axes"), Models.integer("keepdims", keep));
        }
        OnnxModel read = m.node("Relu", "y", List.of("p")).read("y");
        assertArrayEquals(new double[] {3, 25}, Runs.output(read, x, 1));
        Shape wanted = keep == 1 ? Shape.of(2, 1, 1) : Shape.of(2);
        assertEquals(wanted, read.network().outputShape());
      }
    }
    Models channels =
        Models.input(-1, 2, 2, 2)
            .opset(13)
            .node("ReduceMean", "y", List.of("x"), Models.ints("axes", 1));
    unsupported(channels, "y", "(ReduceMean, ", "only over all pixels");
  }

  @Test
  void constantArithmeticBecomesOneAffineLayer() {
    OnnxModel m =
        Models.input(-1, 2, 1, 2)
            .weights("mean", new long[] {1, 2, 1, 1}, 1, 2)
            .weights("deviation", new long[] {}, 4)
            .node("Sub", "a", List.of("x", "mean"))
            .node("Div", "y", List.of("a", "deviation"))
            .read("y");
    assertEquals(List.of("Affine"), kinds(m));
    assertArrayEquals(new double[] {0.25, 0.25}, value(m, Affine.SCALE));
    assertArrayEquals(new double[] {-0.25, -0.5}, value(m, Affine.SHIFT));
  }

  private static double[] value(OnnxModel m, String parameter) {
    return m.values(new Parameters.Key("y", parameter));
  }

  @Test
  void constantMinusData() {
    OnnxModel m =
        Models.input(-1, 3)
            .weights("c", new long[] {3}, 1, 2, 3)
            .node("Sub", "y", List.of("c", "x"))
            .read("y");
    assertArrayEquals(new double[] {-1, -1, -1}, value(m, Affine.SCALE));
    assertArrayEquals(new double[] {1, 2, 3}, value(m, Affine.SHIFT));
  }

  @Test
  void zeroPaddingJoinsTheConvolution() {
    OnnxModel m =
        Models.input(-1, 1, 2, 2)
            .integers("pads", 0, 0, 1, 0, 0, 0, 0, 1)
            .weights("w", new long[] {1, 1, 2, 2}, 1, 1, 1, 1)
            .node("Pad", "p", List.of("x", "pads"))
            .node("Conv", "y", List.of("p", "w"))
            .read("y");
    Conv2d conv = (Conv2d) m.network().nodes().get(0).layer();
    assertEquals(
        List.of(1, 0, 0, 1),
        List.of(conv.padTop(), conv.padLeft(), conv.padBottom(), conv.padRight()));
    assertEquals(Shape.of(1, 2, 2), m.network().outputShape());
    Models bare =
        Models.input(-1, 1, 2, 2)
            .integers("pads", 0, 0, 1, 0, 0, 0, 0, 1)
            .node("Pad", "p", List.of("x", "pads"))
            .node("Relu", "y", List.of("p"));
    unsupported(bare, "y", "node 0 'p' (Pad, opset 13)", "right before Conv");
  }

  @Test
  void transposesThatMoveOnlyOnesAreReshapes() {
    OnnxModel m =
        Models.input(-1, 4, 5, 1)
            .node("Transpose", "y", List.of("x"), Models.ints("perm", 0, 3, 1, 2))
            .read("y");
    assertEquals(Shape.of(1, 4, 5), m.network().outputShape());
    unsupported(
        Models.input(-1, 4, 5, 2)
            .node("Transpose", "y", List.of("x"), Models.ints("perm", 0, 3, 1, 2)),
        "y",
        "moves elements");
  }

  @Test
  void transposedConstantsAreFolded() {
    OnnxModel m =
        Models.input(-1, 2)
            .weights("w", new long[] {3, 2}, 1, 4, 2, 5, 3, 6)
            .node("Transpose", "t", List.of("w"))
            .node("MatMul", "y", List.of("x", "t"))
            .read("y");
    assertArrayEquals(new double[] {5, 7, 9}, Runs.output(m, new double[] {1, 1}, 1));
  }

  @Test
  void reshapeKeepsTheBatch() {
    for (long first : new long[] {-1, 0}) {
      OnnxModel m =
          Models.input(-1, 2, 3)
              .integers("s", first, 6)
              .node("Reshape", "y", List.of("x", "s"))
              .read("y");
      assertEquals(Shape.of(6), m.network().outputShape());
    }
    unsupported(
        Models.input(-1, 2, 3).integers("s", 6, -1).node("Reshape", "y", List.of("x", "s")),
        "y",
        "the first dimension is the batch");
  }

  @Test
  void reshapeTakesTheBatchFromTheShape() {
    for (long batch : new long[] {-1, 1, 7}) {
      OnnxModel m =
          Models.input(batch, 2, 3)
              .integers("zero", 0)
              .integers("rest", -1)
              .node("Shape", "s", List.of("x"))
              .node("Gather", "b", List.of("s", "zero"))
              .node("Concat", "t", List.of("b", "rest"), Models.integer("axis", 0))
              .node("Reshape", "y", List.of("x", "t"))
              .read("y");
      assertEquals(Shape.of(6), m.network().outputShape());
    }
    Models moved =
        Models.input(-1, 2, 3)
            .integers("zero", 0)
            .integers("rest", -1)
            .node("Shape", "s", List.of("x"))
            .node("Gather", "b", List.of("s", "zero"))
            .node("Concat", "t", List.of("rest", "b"), Models.integer("axis", 0))
            .node("Reshape", "y", List.of("x", "t"));
    invalid(moved, "y", "node 3 'y' (Reshape, opset 13)");
  }

  @Test
  void aGraphWithoutBatchIsOneSample() {
    OnnxModel m =
        Models.input(2)
            .weights("w", new long[] {3, 2}, 1, 2, 3, 4, 5, 6)
            .weights("b", new long[] {3}, 1, 1, 1)
            .node("MatMul", "h", List.of("w", "x"))
            .node("Add", "y", List.of("h", "b"))
            .read("y");
    assertEquals(Shape.of(2), m.network().inputShape());
    assertArrayEquals(new double[] {4, 8, 12}, Runs.output(m, new double[] {1, 1}, 1));
  }

  @Test
  void residualGraphsKeepTheirShape() {
    OnnxModel m =
        Models.input(-1, 2)
            .node("Relu", "a", List.of("x"))
            .node("Identity", "b", List.of("x"))
            .node("Sigmoid", "dead", List.of("x"))
            .node("Add", "y", List.of("a", "b"))
            .read("y");
    assertEquals(List.of("ReLU", "Add"), kinds(m));
    assertEquals(List.of("a", Network.INPUT), m.network().node("y").inputs());
  }

  @Test
  void autoPaddingMatchesItsDefinition() {
    OnnxModel m =
        Models.input(-1, 1, 5, 5)
            .node(
                "MaxPool",
                "y",
                List.of("x"),
                Models.ints("kernel_shape", 3, 3),
                Models.ints("strides", 2, 2),
                Models.text("auto_pad", "SAME_UPPER"))
            .read("y");
    assertEquals(Shape.of(1, 3, 3), m.network().outputShape());
    invalid(
        Models.input(-1, 1, 5, 5)
            .node(
                "MaxPool",
                "y",
                List.of("x"),
                Models.ints("kernel_shape", 3, 3),
                Models.ints("strides", 0, 2)),
        "y",
        "attribute 'strides' [0, 2]");
  }
}
