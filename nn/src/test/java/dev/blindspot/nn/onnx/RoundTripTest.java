package dev.blindspot.nn.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoundTripTest {
  @TempDir Path dir;

  /** A written and read network computes the same bits with the same layers under their names. */
  @Property(tries = 60, seed = "20131221")
  void randomGraphsComputeTheSame(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Network net = randomNetwork(random);
    ElementType type = random.nextBoolean() ? ElementType.F32 : ElementType.F64;
    try (Parameters p = randomParameters(net, type, random)) {
      OnnxModel read = OnnxModel.read("m.onnx", OnnxWriter.model(net, p).toByteArray());
      assertEquals(type, read.type());
      assertEquals(describe(net), describe(read.network()));
      int n = random.nextInt(1, 4);
      double[] x = random.doubles(n * net.inputShape().size(), -1, 1).toArray();
      assertArrayEquals(Runs.output(net, p, x, n), Runs.output(read, x, n));
    }
  }

  private static List<String> describe(Network net) {
    List<String> lines = new ArrayList<>();
    for (Network.Node n : net.nodes()) {
      lines.add(n.name() + " " + n.layer().kind() + " " + n.inputs() + " " + n.outputShape());
    }
    return lines;
  }

  private static Network randomNetwork(SplittableRandom random) {
    Shape input = Shape.of(random.nextInt(1, 4), random.nextInt(5, 9), random.nextInt(5, 9));
    Network.Builder b = Network.builder("random", input);
    Shape shape = input;
    int layers = random.nextInt(2, 9);
    for (int i = 0; i < layers && shape.rank() == 3; i++) {
      Layer layer = imageLayer(random, shape);
      String from = b.last();
      String name = "layer" + i;
      b.add(name, layer, from);
      Shape out = layer.outputShape(List.of(shape));
      if (out.equals(shape) && random.nextInt(3) == 0) {
        b.add("add" + i, new Add(), from, name);
      } else if (out.rank() == 3 && out.row().equals(shape.row()) && random.nextInt(3) == 0) {
        b.add("concat" + i, new Concat(), name, from);
        out = out.withBatch(out.dim(0) + shape.dim(0));
      }
      shape = out;
    }
    if (shape.rank() == 3 && random.nextBoolean()) {
      b.add("flatten", new Flatten(), b.last());
    }
    b.add("dense", new Linear(random.nextInt(1, 6), random.nextBoolean(), Initializer.he()));
    switch (random.nextInt(4)) {
      case 0 -> b.add("out", new Softmax(random.nextBoolean()), b.last());
      case 1 -> b.add("out", new Affine(true), b.last());
      case 2 -> b.add("out", ActivationLayer.sigmoid(), b.last());
      default -> {}
    }
    return b.build();
  }

  private static Layer imageLayer(SplittableRandom random, Shape s) {
    int c = (int) s.dim(0);
    int least = (int) Math.min(s.dim(1), s.dim(2));
    return switch (random.nextInt(13)) {
      case 0, 1 -> conv(random, c, least);
      case 2 -> ActivationLayer.relu();
      case 3 -> ActivationLayer.tanh();
      case 4 -> new ActivationLayer(Activation.LEAKY_RELU, 0.1);
      case 5 -> new BatchNorm(1e-3, 0.2);
      case 6 -> new LocalResponseNorm(3, 1e-2, 0.75, 2);
      case 7 -> new Dropout(0.25);
      case 8 -> new Affine(random.nextBoolean());
      case 9 -> pool(random, least);
      case 10 -> new IdentityShortcut(random.nextInt(1, 3), c + random.nextInt(1, 3));
      case 11 ->
          s.dim(2) == 1 ? ActivationLayer.relu() : new Reshape(Shape.of(c, s.dim(2) * s.dim(1), 1));
      default -> ActivationLayer.sigmoid();
    };
  }

  private static Layer conv(SplittableRandom random, int c, int least) {
    int r = random.nextInt(1, Math.min(3, least) + 1);
    int s = random.nextInt(1, Math.min(3, least) + 1);
    int groups = random.nextBoolean() ? c : 1;
    return new Conv2d(
        groups * random.nextInt(1, 3),
        r,
        s,
        random.nextInt(1, 3),
        random.nextInt(1, 3),
        random.nextInt(3),
        random.nextInt(3),
        random.nextInt(3),
        random.nextInt(3),
        r == 1 ? 2 : 1,
        1,
        groups,
        random.nextBoolean(),
        Initializer.he());
  }

  private static Layer pool(SplittableRandom random, int least) {
    Pooling kind = Pooling.values()[random.nextInt(3)];
    int window = Math.min(2, least);
    int pad = kind == Pooling.AVERAGE_INCLUDE_PAD ? 0 : window - 1;
    return new Pool2d(kind, window, window, 1, 2, pad, 0, 0, pad);
  }

  private static Parameters randomParameters(
      Network net, ElementType type, SplittableRandom random) {
    Parameters p = Parameters.initialize(net, Runs.REFERENCE, type, 1);
    p.specs()
        .forEach(
            (key, spec) -> {
              double least = key.name().equals("variance") ? 0.5 : -1;
              p.set(key, random.doubles(spec.shape().size(), least, 1.5).toArray());
            });
    return p;
  }

  @Test
  void writesWhatOtherToolsOpen() throws IOException {
    Network net =
        Network.builder("small", Shape.of(1, 4, 4))
            .add("conv", Conv2d.of(2, 3, 1, 1))
            .add("dense", Linear.of(3))
            .build();
    Path file = dir.resolve("small.onnx");
    try (Parameters p = Parameters.initialize(net, Runs.REFERENCE, ElementType.F32, 1)) {
      OnnxModel.write(file, net, p);
    }
    var model = ai.onnx.proto.OnnxMl.ModelProto.parseFrom(Files.readAllBytes(file));
    assertEquals(8, model.getIrVersion());
    assertEquals(15, model.getOpsetImport(0).getVersion());
    var input = model.getGraph().getInput(0).getType().getTensorType().getShape();
    assertEquals("batch", input.getDim(0).getDimParam());
    assertEquals(1, input.getDim(1).getDimValue());
    assertEquals(
        List.of("conv.w", "conv.b", "dense.w", "dense.b"),
        model.getGraph().getInitializerList().stream().map(t -> t.getName()).toList());
    assertEquals(2 * 9 * 4, model.getGraph().getInitializer(0).getRawData().size());
    assertEquals(
        List.of("Conv", "Flatten", "Gemm"),
        model.getGraph().getNodeList().stream().map(n -> n.getOpType()).toList());
    try (var files = Files.list(dir)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void refusesToWriteWhatCannotBeReadAgain() {
    Network net = Network.builder("n", Shape.of(3)).add("norm", new ContrastNorm(1e-3, 1)).build();
    try (Parameters p = Parameters.initialize(net, Runs.REFERENCE, ElementType.F32, 1)) {
      UnsupportedException e =
          assertThrows(
              UnsupportedException.class, () -> OnnxModel.write(dir.resolve("a.onnx"), net, p));
      assertTrue(e.getMessage().contains("layer norm (ContrastNorm)"), e.getMessage());
    }
    Network dense = Network.builder("n", Shape.of(3)).add("dense", Linear.of(2)).build();
    try (Parameters p = Parameters.initialize(dense, Runs.REFERENCE, ElementType.F32, 1)) {
      InvalidInputException missing =
          assertThrows(
              InvalidInputException.class,
              () -> OnnxModel.write(dir.resolve("no/such/a.onnx"), dense, p));
      assertTrue(missing.getMessage().contains("cannot be written"), missing.getMessage());
      p.set(new Parameters.Key("dense", "b"), new double[] {1, Double.POSITIVE_INFINITY});
      InvalidInputException e =
          assertThrows(
              InvalidInputException.class, () -> OnnxModel.write(dir.resolve("a.onnx"), dense, p));
      assertTrue(e.getMessage().contains("parameter dense.b holds Infinity"), e.getMessage());
      assertTrue(!Files.exists(dir.resolve("a.onnx")));
    }
  }
}
