package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.ImageFolder;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.onnx.OnnxModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Pictures of a small network as initialised, which needs no training. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VisualizeTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir static Path folder;

  private String model;
  private String vectors;

  @BeforeAll
  void writeModels() {
    Network network =
        Network.builder("net", Shape.of(3, 12, 10))
            .add("conv1", Conv2d.of(4, 3, 1, 1))
            .add("relu1", ActivationLayer.relu())
            .add("flatten", new Flatten())
            .add("dense", Linear.of(5))
            .build();
    model = write("net.onnx", network);
    vectors =
        write(
            "vectors.onnx",
            Network.builder("vectors", Shape.of(784)).add("dense", Linear.of(10)).build());
  }

  private static String write(String name, Network network) {
    Path file = folder.resolve(name);
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1)) {
      OnnxModel.write(file, network, p);
    }
    return file.toString();
  }

  private static List<String> args(String model, String... more) {
    List<String> args = new ArrayList<>(List.of("visualize", "--model", model, "--steps", "5"));
    args.addAll(List.of(more));
    return args;
  }

  private static JsonNode visualize(String model, String out, String... more) throws IOException {
    List<String> args = args(model, more);
    args.addAll(List.of("--json", "-", "--out", folder.resolve(out).toString()));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return MAPPER.readTree(r.out());
  }

  private void refused(List<String> words, String... more) {
    refusedBy(model, words, more);
  }

  private static void refusedBy(String model, List<String> words, String... more) {
    Cli.Run r = Cli.run(args(model, more).toArray(new String[0]));
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertEquals("", r.out());
    for (String w : words) {
      assertTrue(r.sentence().contains(w), "'" + w + "' in: " + r.sentence());
    }
  }

  @Test
  void classesAreLookedForWithoutData() throws IOException {
    JsonNode j = visualize(model, "classes");
    List<String> keys = new ArrayList<>();
    j.fieldNames().forEachRemaining(keys::add);
    assertEquals(
        List.of(
            "format",
            "version",
            "command",
            "device",
            "precision",
            "threads",
            "seed",
            "model",
            "data",
            "objective",
            "layer",
            "from",
            "start_label",
            "start_probability",
            "settings",
            "pictures",
            "seconds"),
        keys);
    assertEquals("blindspot-visualize-1", j.get("format").asText());
    assertTrue(j.get("data").isNull());
    assertEquals("class", j.get("objective").asText());
    assertEquals(5, j.get("pictures").size());
    for (JsonNode p : j.get("pictures")) {
      assertTrue(p.get("after").asDouble() > p.get("before").asDouble());
      assertEquals(5, p.get("path").size());
      Path file = folder.resolve("classes").resolve(p.get("file").asText());
      assertEquals(Shape.of(3, 12, 10), ImageFolder.readFile(file).sampleShape());
    }
    String page = Files.readString(folder.resolve("classes/visualize.html"));
    assertEquals(6, page.split("src=\"data:image/png", -1).length - 1);
    assertFalse(page.contains("{{"));
    assertFalse(page.contains(" src=\"http") || page.contains("href=\"http"), "self-contained");
  }

  @Test
  void layersAreLookedAtFromAFileThatItWrote() throws IOException {
    visualize(model, "first", "--class", "2");
    String start = folder.resolve("first/class-2.png").toString();
    JsonNode j =
        visualize(model, "second", "--layer", "conv1", "--channel", "3,0", "--from", start);
    assertEquals(start, j.get("from").asText());
    assertEquals("channel", j.get("objective").asText());
    assertEquals(3, j.get("pictures").get(0).get("index").asInt());
    assertEquals("conv1-channel-3.png", j.get("pictures").get(0).get("file").asText());
    JsonNode dream = visualize(model, "third", "--layer", "relu1", "--dream", "--octaves", "2");
    assertEquals("relu1-dream.png", dream.get("pictures").get(0).get("file").asText());
    assertEquals(10, dream.get("pictures").get(0).get("path").size());
    assertEquals("NORMALIZED", dream.get("settings").get("optimizer").asText());
  }

  @Test
  void vectorsTakeTheirShapeFromTheData() throws IOException {
    JsonNode j = visualize(vectors, "vectors", "--from", "3", "--class", "1,7", "--fourier");
    assertEquals("synthetic", j.get("data").asText());
    assertEquals("test image 3", j.get("from").asText());
    assertEquals(2, j.get("pictures").size());
    String[] without = args(vectors).toArray(new String[0]);
    Cli.Run r = Cli.run(without);
    assertEquals(CommandLineTool.BAD_INPUT, r.code());
    assertTrue(r.sentence().contains("--from INDEX"), r.sentence());
  }

  @Test
  void sameSeedGivesTheSameResultButForTheTime() throws IOException {
    String[] more = {"--class", "0", "--jitter", "2", "--seed", "7"};
    JsonNode a = visualize(model, "same", more);
    JsonNode b = visualize(model, "same", more);
    ((ObjectNode) a).remove("seconds");
    ((ObjectNode) b).remove("seconds");
    assertEquals(a, b);
  }

  @Test
  void badInputIsRefused() {
    refused(List.of("only one"), "--class", "1", "--dream");
    refused(List.of("--layer NAME"), "--channel", "1");
    refused(List.of("--layer means nothing"), "--layer", "conv1");
    refused(List.of("'cnov1'", "did you mean 'conv1'"), "--layer", "cnov1", "--dream");
    refused(List.of("class 5", "0..4"), "--class", "5");
    refused(List.of("steps"), "--steps", "0");
    refused(List.of("jitter of 10"), "--jitter", "10");
    refused(List.of("5 octaves"), "--octaves", "5");
    refused(List.of("total variation"), "--tv", "-1");
    refused(List.of("--from nothing.png"), "--from", "nothing.png");
    refused(List.of("not an image"), "--from", model);
    refusedBy(vectors, List.of("--from 99999", "test images"), "--from", "99999");
    refused(List.of("--out", "is a file"), "--out", model);
  }
}
