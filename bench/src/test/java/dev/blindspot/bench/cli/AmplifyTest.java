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

/** Perturbations of small networks on the synthetic digits. */
class AmplifyTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder;

  private static JsonNode amplify(String... more) throws IOException {
    List<String> args =
        new ArrayList<>(List.of("amplify", "--examples", "6", "--json", "-", "--quiet"));
    args.addAll(List.of(more));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return MAPPER.readTree(r.out());
  }

  @Test
  void growthStaysBelowTheProductOfTheBounds() throws IOException {
    String out = folder.resolve("out").toString();
    JsonNode j = amplify("--model", "mlp100-100-10", "--out", out);
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
            "attack",
            "norm",
            "clean_accuracy",
            "attacked",
            "measured",
            "perturbation_l2",
            "statement",
            "layers",
            "network_upper",
            "seconds"),
        keys);
    assertEquals("blindspot-amplify-1", j.get("format").asText());
    assertEquals(6, j.get("measured").asInt());
    assertEquals(5, j.get("layers").size());
    double product = 1;
    for (JsonNode layer : j.get("layers")) {
      product *= layer.get("upper").asDouble();
      assertEquals(product, layer.get("product").asDouble(), 1e-9 * product);
      for (String what : new String[] {"adversarial", "noise"}) {
        JsonNode grown = layer.get(what).get("so_far");
        assertTrue(grown.get("max").asDouble() <= product * 1.001, layer.toString());
        assertTrue(grown.get("mean").asDouble() > 0, layer.toString());
        assertTrue(
            layer.get(what).get("step").get("max").asDouble()
                <= layer.get("upper").asDouble() * 1.001,
            layer.toString());
      }
    }
    assertEquals(product, j.get("network_upper").asDouble(), 1e-9 * product);
    JsonNode output = j.get("layers").get(4);
    assertTrue(
        output.get("adversarial").get("so_far").get("mean").asDouble()
            > output.get("noise").get("so_far").get("max").asDouble(),
        "adversarial perturbations grow more than noise: " + output);

    String page = Files.readString(folder.resolve("out/amplify.html"));
    assertTrue(page.contains("instabilityChart(") && page.contains("\"so_far\""), "has its chart");
    assertFalse(page.contains("{{") || page.contains(">null<"), "every place is filled");
    assertFalse(page.matches("(?s).*(src|href)=\"http.*"), "self-contained");
  }

  @Test
  void sameSeedGivesTheSameResultButForTheTime() throws IOException {
    String[] args = {"--model", "fc10", "--threads", "2", "--attack", "pgd", "--eps", "0.3"};
    JsonNode first = amplify(args);
    assertTrue(first.get("attack").asText().startsWith("pgd"), first.get("attack").asText());
    ((ObjectNode) first).remove("seconds");
    JsonNode second = amplify(args);
    ((ObjectNode) second).remove("seconds");
    assertEquals(first, second);
  }

  @Test
  void anyOnnxNetworkIsFollowed() throws IOException {
    Network net =
        Network.builder("net", Shape.of(1, 28, 28)).add(new Flatten()).add(Linear.of(10)).build();
    Path file = folder.resolve("net.onnx");
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1)) {
      OnnxModel.write(file, net, p);
    }
    JsonNode layers = amplify("--model", file.toString()).get("layers");
    assertEquals(2, layers.size());
    for (String statistic : new String[] {"mean", "median", "max"}) {
      assertEquals(
          1, layers.get(0).get("adversarial").get("so_far").get(statistic).asDouble(), 1e-15);
    }
    double grown = layers.get(1).get("adversarial").get("so_far").get("max").asDouble();
    assertTrue(grown <= layers.get(1).get("upper").asDouble() * 1.001, layers.toString());
  }

  private static void refused(List<String> words, String... more) {
    List<String> args = new ArrayList<>(List.of("amplify", "--quiet"));
    args.addAll(List.of(more));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertEquals("", r.out());
    for (String w : words) {
      assertTrue(r.sentence().contains(w), "'" + w + "' in: " + r.sentence());
    }
  }

  @Test
  void badInputIsRefused() throws IOException {
    refused(List.of("--examples", "0"), "--examples", "0");
    refused(List.of("--eps", "lbfgs"), "--eps", "0.1");
    refused(List.of("--attack"), "--attack", "none");
    refused(List.of("'fc11'", "'fc10'"), "--model", "fc11");
    refused(List.of("--out", "is a file"), "--out", Files.createFile(folder.resolve("f")) + "");
    refused(
        List.of("succeeded on none", "--eps"),
        "--model",
        "fc10",
        "--attack",
        "fgsm",
        "--eps",
        "1e-6");
  }
}
