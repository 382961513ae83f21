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
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Calibration of a network as initialised, which needs no training. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CalibrateTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir static Path folder;

  private String model;

  @BeforeAll
  void writeModel() {
    DataSet test = DataSets.load("synthetic", null, 1).test();
    Network network = Zoo.get("mlp100-100-10", test.sampleShape(), test.classes()).network();
    model = folder.resolve("net.onnx").toString();
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1)) {
      OnnxModel.write(Path.of(model), network, p);
    }
  }

  private List<String> args(String... more) {
    List<String> args = new ArrayList<>(List.of("calibrate", "--model", model, "--quiet"));
    args.addAll(List.of(more));
    return args;
  }

  private JsonNode calibrate(String... more) throws IOException {
    List<String> args = args(more);
    args.addAll(List.of("--json", "-"));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return MAPPER.readTree(r.out());
  }

  private void refused(List<String> words, String... more) {
    Cli.Run r = Cli.run(args(more).toArray(new String[0]));
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertEquals("", r.out());
    for (String w : words) {
      assertTrue(r.sentence().contains(w), "'" + w + "' in: " + r.sentence());
    }
  }

  @Test
  void anEnsembleIsMeasuredOnWhatItsFirstMemberIsFooledBy() throws IOException {
    Cli.Run r =
        Cli.run(
            "calibrate",
            "--model",
            "fc10",
            "--examples",
            "100",
            "--attacked",
            "10",
            "--attack",
            "lbfgs",
            "--noise",
            "0",
            "--uncertainty",
            "ensemble",
            "--out",
            folder.resolve("ensemble").toString(),
            "--quiet",
            "--json",
            "-");
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    JsonNode u = MAPPER.readTree(r.out()).get("uncertainty");
    assertEquals("deep ensemble of 5", u.get("method").asText());
    assertEquals(3, u.get("conditions").size());
    JsonNode clean = u.get("conditions").get(0);
    assertEquals(0.5, clean.get("entropy_auroc").asDouble());
    assertEquals(clean.get("entropy"), u.get("conditions").get(1).get("entropy"), "noise of 0");
    JsonNode attacked = u.get("conditions").get(2);
    assertEquals("L-BFGS", attacked.get("name").asText());
    // Adversarial examples end just behind the boundary, where the softmax is undecided.
    assertTrue(attacked.get("entropy_auroc").asDouble() > 0.7, attacked.toString());
    assertTrue(attacked.get("entropy").asDouble() > clean.get("entropy").asDouble());
    String page = Files.readString(folder.resolve("ensemble/calibrate.html"));
    assertTrue(page.contains("deep ensemble of 5") && !page.contains("{{"), "its table");
  }

  @Test
  void jsonAndPageHoldEverything() throws IOException {
    JsonNode j =
        calibrate(
            "--examples",
            "200",
            "--attacked",
            "20",
            "--noise",
            "0.2",
            "--bins",
            "10",
            "--temperature",
            "100",
            "--shift",
            "1,2",
            "--scale",
            "0.5,2",
            "--out",
            folder.resolve("out").toString());
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
            "examples",
            "attacked",
            "attacks",
            "bins",
            "temperature",
            "conditions",
            "generalization",
            "uncertainty",
            "seconds"),
        keys);
    assertEquals("blindspot-calibrate-1", j.get("format").asText());
    assertEquals(List.of("clean", "noise 0.2", "L-BFGS", "PGD 0.1"), names(j));
    assertEquals(200, j.get("conditions").get(0).get("calibration").get("count").asInt());
    assertEquals(20, j.get("conditions").get(2).get("calibration").get("count").asInt());
    for (JsonNode c : j.get("conditions")) {
      JsonNode plain = c.get("calibration");
      assertEquals(10, plain.get("equal_width").size());
      double ece = 0;
      for (JsonNode b : plain.get("equal_width")) {
        if (b.get("count").asInt() > 0) {
          ece +=
              Math.abs(b.get("accuracy").asDouble() - b.get("confidence").asDouble())
                  * b.get("count").asInt()
                  / plain.get("count").asInt();
        }
      }
      assertEquals(ece, plain.get("expected_error").asDouble(), 1e-12);
      assertEquals(plain.get("accuracy"), c.get("scaled").get("accuracy"), "labels stay");
    }
    assertTrue(
        j.get("temperature").get("after").asDouble()
            <= j.get("temperature").get("before").asDouble());
    double clean = j.get("conditions").get(0).get("calibration").get("accuracy").asDouble();
    int unchanged = 0;
    for (JsonNode p : j.get("generalization")) {
      JsonNode t = p.get("transformation");
      double nothing = t.get("kind").asText().equals("SCALE") ? 1 : 0;
      if (t.get("strength").asDouble() == nothing) {
        assertEquals(clean, p.get("accuracy").asDouble(), 1e-12);
        unchanged++;
      }
    }
    assertEquals(4, unchanged);
    String page = Files.readString(folder.resolve("out/calibrate.html"));
    assertEquals(2 * 4 + 4, page.split("<canvas", -1).length - 1);
    assertFalse(page.contains("{{"));
    assertFalse(page.contains(" src=\"http") || page.contains("href=\"http"), "self-contained");
  }

  private static List<String> names(JsonNode j) {
    List<String> names = new ArrayList<>();
    j.get("conditions").forEach(c -> names.add(c.get("name").asText()));
    return names;
  }

  @Test
  void sameSeedGivesTheSameResultButForTheTime() throws IOException {
    String[] more = {"--examples", "50", "--attacked", "5", "--attack", "pgd", "--seed", "3"};
    JsonNode a = calibrate(more);
    JsonNode b = calibrate(more);
    ((ObjectNode) a).remove("seconds");
    ((ObjectNode) b).remove("seconds");
    assertEquals(a, b);
  }

  @Test
  void textNamesEveryMeasure() {
    Cli.Run r = Cli.run(args("--examples", "30", "--attacked", "0").toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    for (String word : List.of("clean", "noise 0.5", "rotation 45.0", "calibration error")) {
      assertTrue(r.out().contains(word), word + " in " + r.out());
    }
    assertFalse(r.out().contains("L-BFGS"), r.out());
  }

  @Test
  void badInputIsRefused() {
    refused(List.of("--uncertainty", "model of the zoo"), "--uncertainty", "bayes");
    refused(List.of("--uncertainty"), "--uncertainty", "guess");
    refused(List.of("--examples", "0"), "--examples", "0");
    refused(List.of("--bins", "0"), "--bins", "0");
    refused(List.of("--attacked", "-1"), "--attacked", "-1");
    refused(List.of("--noise", "NaN"), "--noise", "NaN");
    refused(List.of("--temperature 999999", "left"), "--temperature", "999999");
    refused(List.of("shift"), "--shift", "-2");
    refused(List.of("scale", "above 0"), "--scale", "0");
    refused(List.of("Blur", "1000"), "--blur", "1000", "--examples", "5", "--attacked", "0");
    refused(List.of("--eps"), "--eps", "-1");
    refused(List.of("--out", "is a file"), "--out", model);
  }
}
