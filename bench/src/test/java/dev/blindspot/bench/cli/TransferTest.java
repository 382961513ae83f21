package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.onnx.OnnxModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole comparisons of small networks on the synthetic digits. */
class TransferTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String[] MODELS = {"fc10", "mlp100-100-10"};

  @TempDir Path folder;

  private static JsonNode transfer(String... more) throws IOException {
    List<String> args = new ArrayList<>(List.of("transfer", "--models", String.join(",", MODELS)));
    args.addAll(List.of("--examples", "8", "--json", "-"));
    args.addAll(List.of(more));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return MAPPER.readTree(r.out());
  }

  @Test
  void everyNetworkIsFooledByItsOwnExamples() throws IOException {
    JsonNode j = transfer("--amplify", "0.05,0.2", "--noise", "0,0.1", "--targeted");
    assertEquals("blindspot-transfer-1", j.get("format").asText());
    assertEquals("[\"fc10\",\"mlp100-100-10\"]", j.get("models").toString());
    assertEquals(8, j.get("examples").asInt());
    assertTrue(j.get("targeted").asBoolean());
    assertEquals(6, j.get("rows").size());
    for (int i = 0; i < 6; i++) {
      JsonNode row = j.get("rows").get(i);
      String own = MODELS[i % 2];
      assertEquals(own, row.get("made_for").asText());
      assertEquals(8, row.get("examples").asInt());
      assertEquals(2, row.get("errors").size());
      double rms = row.get("mean_distortion_rms").asDouble();
      if (i < 2) {
        assertTrue(row.get("amplified_to").isNull());
        assertEquals(1, row.get("errors").get(own).asDouble());
        assertTrue(rms > 0.001 && rms < 0.2, row.toString());
      } else {
        double wanted = i < 4 ? 0.05 : 0.2;
        assertEquals(wanted, row.get("amplified_to").asDouble());
        // Digits are mostly at the ends of the box: half of the change is cut off at most.
        assertTrue(rms <= wanted + 1e-6 && rms > wanted / 3, row.toString());
      }
    }
    assertEquals(2, j.get("noise").size());
    for (String model : MODELS) {
      assertEquals(0, j.get("noise").get(0).get("errors").get(model).asDouble());
      assertTrue(j.get("clean_error").get(model).asDouble() < 0.2);
    }
    double reached = j.get("noise").get(1).get("mean_distortion_rms").asDouble();
    assertTrue(reached > 0.05 && reached < 0.1, "clipping takes a part of it: " + reached);
  }

  @Test
  void sameSeedGivesTheSameResultButForTheTime() throws IOException {
    JsonNode first = transfer("--threads", "2");
    JsonNode second = transfer("--threads", "2");
    assertEquals(2, first.get("noise").size());
    ((ObjectNode) first).remove("seconds");
    ((ObjectNode) second).remove("seconds");
    assertEquals(first, second);
  }

  @Test
  void tableHasARowForEachNetworkAmplificationAndNoise() {
    Cli.Run r =
        Cli.run(
            "transfer",
            "--models",
            "fc10,mlp100-100-10",
            "--examples",
            "3",
            "--amplify",
            "0.1",
            "--quiet");
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    assertEquals("", r.err());
    List<String> lines = r.out().lines().toList();
    assertEquals(1 + 1 + 2 + 2 + 2 + 1, lines.size(), r.out());
    assertTrue(lines.get(2).matches("fc10 +100\\.0 % +\\d+\\.\\d % +0\\.\\d{4} +3"), lines.get(2));
    assertTrue(lines.get(5).startsWith("mlp100-100-10 amplified to 0.1 "), lines.get(5));
    assertTrue(lines.get(7).startsWith("Gaussian noise 0.3 "), lines.get(7));
    for (String line : lines.subList(1, 8)) {
      assertEquals(lines.get(1).length(), line.length(), "columns are aligned");
    }
  }

  private void refused(List<String> words, String... args) {
    Cli.Run r = Cli.run(args);
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertEquals("", r.out());
    assertTrue(r.sentence().startsWith("blindspot: "), r.err());
    for (String word : words) {
      assertTrue(r.sentence().contains(word), "'" + word + "' in: " + r.sentence());
    }
  }

  @Test
  void badInputIsOneSentence() throws IOException {
    refused(List.of("--models"), "transfer");
    refused(List.of("two or more"), "transfer", "--models", "fc10");
    refused(List.of("fc10 twice"), "transfer", "--models", "fc10,fc10");
    refused(List.of("'fc11'", "'fc10'"), "transfer", "--models", "fc10,fc11");
    refused(List.of("no.onnx", "no such file"), "transfer", "--models", "fc10,no.onnx");
    String[][] values = {
      {"--examples", "0"},
      {"--noise", "-0.1"},
      {"--noise", "0.1,NaN"},
      {"--amplify", "0"},
      {"--amplify", "0.1,2"},
      {"--noise", "much"}
    };
    for (String[] v : values) {
      refused(List.of(v[0]), "transfer", "--models", "fc10,mlp100-100-10", v[0], v[1]);
    }
    Path broken = Files.write(folder.resolve("broken.onnx"), new byte[] {1, 2, 3});
    refused(List.of("broken.onnx"), "transfer", "--models", "fc10," + broken);
  }

  @Test
  void networksThatDifferInShapeOrClassesAreRefused() {
    String small = untrained("small.onnx", 14, 10);
    String wide = untrained("wide.onnx", 28, 12);
    String good = untrained("good.onnx", 28, 10);
    refused(
        List.of("small.onnx", "[1,14,14]", "[1,28,28]"),
        "transfer",
        "--models",
        good + "," + small);
    refused(
        List.of("good.onnx has 10 classes", "wide.onnx 12"),
        "transfer",
        "--models",
        good + "," + wide);
  }

  private String untrained(String name, int side, int classes) {
    Network net =
        Network.builder("net", Shape.of(1, side, side))
            .add(new Flatten())
            .add(Linear.of(classes))
            .build();
    Path file = folder.resolve(name);
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1)) {
      OnnxModel.write(file, net, p);
    }
    return file.toString();
  }
}
