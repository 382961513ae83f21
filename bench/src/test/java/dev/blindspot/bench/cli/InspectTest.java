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
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.onnx.OnnxModel;
import dev.blindspot.nn.zoo.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Inspections of a network as initialised, which has units and needs no training. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InspectTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir static Path folder;

  private DataSet test;
  private String model;

  @BeforeAll
  void writeModel() {
    test = DataSets.load("synthetic", null, 1).test();
    Network network = Zoo.get("mlp100-100-10", test.sampleShape(), test.classes()).network();
    model = folder.resolve("net.onnx").toString();
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1)) {
      OnnxModel.write(Path.of(model), network, p);
    }
  }

  private JsonNode inspect(String... more) throws IOException {
    List<String> args = new ArrayList<>(List.of("inspect", "--model", model, "--json", "-"));
    args.addAll(List.of(more));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return MAPPER.readTree(r.out());
  }

  private void refused(List<String> words, String... more) {
    List<String> args = new ArrayList<>(List.of("inspect", "--quiet"));
    args.addAll(List.of(more));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertEquals("", r.out());
    for (String w : words) {
      assertTrue(r.sentence().contains(w), "'" + w + "' in: " + r.sentence());
    }
  }

  private void checkRows(JsonNode rows, int count, int top, double mean) {
    assertEquals(count, rows.size());
    double sum = 0;
    for (JsonNode row : rows) {
      assertEquals(top, row.get("images").size());
      Set<Integer> seen = new HashSet<>();
      int[] counts = new int[test.classes()];
      int most = 0;
      for (int i = 0; i < top; i++) {
        int image = row.get("images").get(i).asInt();
        assertTrue(seen.add(image));
        assertEquals(test.label(image), row.get("labels").get(i).asInt());
        most = Math.max(most, ++counts[test.label(image)]);
        double before = i == 0 ? Double.MAX_VALUE : row.get("values").get(i - 1).asDouble();
        assertTrue(row.get("values").get(i).asDouble() <= before);
      }
      assertEquals((double) most / top, row.get("purity").asDouble());
      sum += row.get("purity").asDouble();
    }
    assertEquals(sum / count, mean, 1e-12);
  }

  @Test
  void jsonAndPageHoldEveryRow() throws IOException {
    String out = folder.resolve("out").toString();
    String[] sizes = {"--units", "5", "--directions", "7", "--top", "4", "--images", "300"};
    List<String> args = new ArrayList<>(List.of(sizes));
    args.addAll(List.of("--out", out));
    JsonNode j = inspect(args.toArray(new String[0]));
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
            "layer",
            "images",
            "features",
            "dead_units",
            "mean_unit_purity",
            "mean_direction_purity",
            "permutations",
            "p_value",
            "units",
            "directions",
            "seconds"),
        keys);
    assertEquals("blindspot-inspect-1", j.get("format").asText());
    assertEquals(300, j.get("images").asInt());
    assertEquals(100, j.get("features").asInt());
    assertEquals(10_000, j.get("permutations").asInt());
    double p = j.get("p_value").asDouble();
    assertTrue(1 / 10_001.0 <= p && p <= 1, "" + p);
    checkRows(j.get("units"), 5, 4, j.get("mean_unit_purity").asDouble());
    checkRows(j.get("directions"), 7, 4, j.get("mean_direction_purity").asDouble());

    String page = Files.readString(folder.resolve("out/inspect.html"));
    assertEquals((5 + 7) * 4, page.split("src=\"data:image/png", -1).length - 1);
    assertFalse(page.contains("{{") || page.contains("null"), page);
    assertFalse(page.contains("http://") || page.contains("https://"), "self-contained");
  }

  @Test
  void sameSeedGivesTheSameResultButForTheTime() throws IOException {
    String[] args = {"--units", "3", "--directions", "3", "--images", "100", "--seed", "5"};
    JsonNode first = inspect(args);
    ((ObjectNode) first).remove("seconds");
    JsonNode second = inspect(args);
    ((ObjectNode) second).remove("seconds");
    assertEquals(first, second);
  }

  @Test
  void namedLayerIsInspected() throws IOException {
    Cli.Run r =
        Cli.run("inspect", "--model", model, "--layer", "fc3", "--units", "50", "--images", "50");
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    assertTrue(r.out().contains("Layer fc3"), r.out());
    assertTrue(r.err().contains("Only 10 units"), r.err());
  }

  @Test
  void badInputIsRefused() {
    refused(List.of("--units", "0"), "--units", "0");
    refused(List.of("--directions", "-1"), "--directions", "-1");
    refused(List.of("--top", "0"), "--top", "0");
    refused(List.of("--images 3", "--top 8"), "--images", "3");
    refused(List.of("--top 1000000", "test images"), "--top", "1000000");
    refused(List.of("'rleu2'", "did you mean 'relu2'"), "--layer", "rleu2", "--model", model);
    refused(List.of("'sigmiod2'", "'sigmoid2'"), "--layer", "sigmiod2");
    refused(List.of("fc10", "no hidden layer"), "--model", "fc10");
    refused(List.of("--out", "is a file"), "--out", model);
  }
}
