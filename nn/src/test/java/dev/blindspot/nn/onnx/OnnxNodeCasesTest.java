package dev.blindspot.nn.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.blindspot.engine.UnsupportedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * ONNX's own conformance cases. A case's first input becomes the network's input, the others
 * initializers; only the first output is compared.
 */
class OnnxNodeCasesTest {
  private static final double RELATIVE = 1e-5;
  private static final double ABSOLUTE = 1e-6;

  /** Its expected values are written by hand with four digits; ONNX's own tolerance. */
  private static final String ROUNDED = "test_averagepool_2d_ceil_last_window_starts_on_pad";

  /** Cases that passed when this was written; fewer are a regression. */
  private static final int AT_LEAST = 114;

  private static final List<String> PASSED = new ArrayList<>();
  private static final Map<String, String> SKIPPED = new TreeMap<>();

  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    String root = System.getenv("BLINDSPOT_DATA");
    assumeTrue(root != null, "BLINDSPOT_DATA is not set");
    Path folder = Path.of(root, "onnx-node-tests");
    assumeTrue(Files.isDirectory(folder), "no onnx-node-tests in BLINDSPOT_DATA");
    List<Path> found;
    try (Stream<Path> s = Files.list(folder)) {
      found = s.filter(Files::isDirectory).sorted().toList();
    }
    return found.stream()
        .map(c -> DynamicTest.dynamicTest(c.getFileName().toString(), () -> run(c)));
  }

  @AfterAll
  static void count() {
    if (PASSED.isEmpty()) {
      return;
    }
    SKIPPED.forEach((name, reason) -> System.out.println("skipped " + name + ": " + reason));
    System.out.println(
        "ONNX node cases: " + PASSED.size() + " passed, " + SKIPPED.size() + " skipped");
    assertTrue(PASSED.size() >= AT_LEAST, PASSED.size() + " cases passed, not " + AT_LEAST);
  }

  private static void run(Path folder) throws IOException {
    String name = folder.getFileName().toString();
    Path data = folder.resolve("test_data_set_0");
    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(folder.resolve("model.onnx")));
    GraphProto.Builder graph = model.getGraph().toBuilder();
    if (graph.getInputCount() == 0) {
      skip(name, "no input");
    }
    for (int i = graph.getInputCount() - 1; i > 0; i--) {
      TensorProto t = tensor(data.resolve("input_" + i + ".pb"));
      graph.addInitializer(t.toBuilder().setName(graph.getInput(i).getName()));
      graph.removeInput(i);
    }
    while (graph.getOutputCount() > 1) {
      graph.removeOutput(graph.getOutputCount() - 1);
    }
    try {
      OnnxModel read = OnnxModel.read(name, model.toBuilder().setGraph(graph).build());
      Constant x = Constant.of(name + " input_0", tensor(data.resolve("input_0.pb")));
      Constant y = Constant.of(name + " output_0", tensor(data.resolve("output_0.pb")));
      compare(read, x, y, name.equals(ROUNDED) ? 1e-3 : RELATIVE);
    } catch (UnsupportedException e) {
      skip(name, e.getMessage());
    }
    PASSED.add(name);
  }

  private static void compare(OnnxModel model, Constant x, Constant expected, double relative) {
    int n = Math.toIntExact(x.size() / model.network().inputShape().size());
    double[] found = Runs.output(model, x.doubles(), n);
    double[] wanted = expected.doubles();
    assertEquals(wanted.length, found.length, "number of elements");
    for (int i = 0; i < wanted.length; i++) {
      double tolerance = ABSOLUTE + relative * Math.abs(wanted[i]);
      assertTrue(
          found[i] == wanted[i] || Math.abs(found[i] - wanted[i]) <= tolerance,
          "element " + i + " is " + found[i] + ", expected " + wanted[i]);
    }
    long[] sample = model.network().outputShape().toArray();
    long[] dims = expected.dims();
    int extra = dims.length - sample.length;
    assertTrue(extra == 0 || extra == 1, "rank");
    assertArrayEquals(Arrays.copyOfRange(dims, extra, dims.length), sample, "shape");
  }

  private static TensorProto tensor(Path file) throws IOException {
    return TensorProto.parseFrom(Files.readAllBytes(file));
  }

  private static void skip(String name, String reason) {
    SKIPPED.put(name, reason);
    abort(reason);
  }
}
