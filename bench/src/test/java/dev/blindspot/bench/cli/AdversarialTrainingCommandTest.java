package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.onnx.OnnxModel;
import dev.blindspot.nn.training.Evaluation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Comparisons of a small sigmoid net on the drawn digits. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdversarialTrainingCommandTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir static Path folder;

  private String model;

  private DataSplit digits;
  private String data;

  /** Few of the drawn digits, as IDX files. */
  @BeforeAll
  void writeData() throws IOException {
    DataSplit all = DataSets.load("synthetic", null, 1);
    digits = new DataSplit(all.train().first(600), all.test().first(200));
    Path idx = Files.createDirectory(folder.resolve("digits"));
    write(idx, "train", digits.train());
    write(idx, "t10k", digits.test());
    data = "idx:" + idx;
  }

  private static void write(Path idx, String part, DataSet set) throws IOException {
    ByteBuffer images = ByteBuffer.allocate(16 + set.size() * 784);
    images.putInt(0x803).putInt(set.size()).putInt(28).putInt(28);
    ByteBuffer labels = ByteBuffer.allocate(8 + set.size());
    labels.putInt(0x801).putInt(set.size());
    for (int i = 0; i < set.size(); i++) {
      for (float v : set.image(i)) {
        images.put((byte) Math.round(255 * v));
      }
      labels.put((byte) set.label(i));
    }
    Files.write(idx.resolve(part + "-images-idx3-ubyte"), images.array());
    Files.write(idx.resolve(part + "-labels-idx1-ubyte"), labels.array());
  }

  @BeforeAll
  void writeModel() {
    Network network =
        Network.builder("small", Shape.of(1, 28, 28))
            .add("fc1", Linear.of(8))
            .add("sigmoid1", ActivationLayer.sigmoid())
            .add("fc2", Linear.of(10))
            .build();
    model = folder.resolve("small.onnx").toString();
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1)) {
      OnnxModel.write(Path.of(model), network, p);
    }
  }

  private Cli.Run train(String... more) {
    List<String> args = new ArrayList<>(List.of("adv-train", "--model", model, "--data", data));
    args.addAll(List.of("--epochs", "4", "--pool", "40", "--replace", "10", "--gradients", "12"));
    args.addAll(List.of(more));
    return Cli.run(args.toArray(new String[0]));
  }

  private static void refused(List<String> words, String... args) {
    List<String> all = new ArrayList<>(List.of("adv-train", "--quiet"));
    all.addAll(List.of(args));
    Cli.Run r = Cli.run(all.toArray(new String[0]));
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertEquals("", r.out());
    for (String w : words) {
      assertTrue(r.sentence().contains(w), "'" + w + "' in: " + r.sentence());
    }
  }

  @Test
  void comparesAllVariantsAndKeepsThem() throws IOException {
    Path json = folder.resolve("r.json");
    Path out = folder.resolve("out");
    String[] args = {"--seeds", "2", "--retrain", "--json", "" + json, "--out", "" + out};
    Cli.Run r = train(args);
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    assertTrue(r.out().contains("layer-pools"), r.out());
    assertTrue(r.err().contains("layer-pools, seed 2 (8 of 8)"), r.err());
    assertTrue(r.err().contains("new adversarials of"), r.err());

    JsonNode j = MAPPER.readTree(json.toFile());
    assertEquals("blindspot-adv-train-1", j.get("format").asText());
    assertEquals("test", j.get("evaluated_on").asText());
    assertEquals(200, j.get("evaluated_images").asInt());
    assertEquals(600, j.get("train_images").asInt());
    assertEquals(4, j.get("epochs").asInt());
    assertEquals(40, j.get("pool_size").asInt());
    assertEquals(10, j.get("replaced").asInt());
    assertEquals(12, j.get("gradients").asInt());
    List<String> names = new ArrayList<>();
    for (JsonNode v : j.get("variants")) {
      names.add(v.get("name").asText());
      double a = v.get("errors").get(0).asDouble();
      double b = v.get("errors").get(1).asDouble();
      assertEquals(2, v.get("errors").size());
      assertEquals((a + b) / 2, v.get("mean_error").asDouble(), 1e-12);
      assertEquals(Math.abs(a - b) / 2, v.get("standard_error").asDouble(), 1e-12);
      assertTrue(v.get("paper_error").isNull(), "the paper's data is not this");
      assertEquals(names.size() == 1, v.get("standard_errors_below_decay").isNull(), v.toString());
    }
    assertEquals(List.of("weight-decay", "dropout", "input-pool", "layer-pools"), names);

    String page = Files.readString(out.resolve("adv-train.html"));
    assertFalse(page.contains("{{") || page.contains(">null<"), "a place is not filled");
    assertTrue(page.contains("layer-pools") && page.contains("trainingChart"));

    Path again = folder.resolve("again.json");
    Cli.Run second = train("--seeds", "2", "--json", "" + again);
    assertEquals(CommandLineTool.DONE, second.code(), second.err());
    assertTrue(second.err().contains("kept from before"), second.err());
    assertEquals(j.get("variants"), MAPPER.readTree(again.toFile()).get("variants"));
  }

  @Test
  void savedNetworkCanBeAudited() throws IOException {
    Path file = folder.resolve("trained.onnx");
    Path json = folder.resolve("one.json");
    Cli.Run r =
        train("--variant", "layer-pools", "--seeds", "1", "--save", "" + file, "--json", "" + json);
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    double error =
        MAPPER.readTree(json.toFile()).get("variants").get(0).get("errors").get(0).asDouble();
    Cli.Run attack =
        Cli.run(
            "attack",
            "--model",
            "" + file,
            "--data",
            data,
            "--examples",
            "3",
            "--json",
            "-",
            "--quiet");
    assertEquals(CommandLineTool.DONE, attack.code(), attack.err());
    try (Backend backend = Backends.create("cpu")) {
      OnnxModel m = OnnxModel.read(file);
      try (Parameters p = m.parameters(backend, ElementType.F32)) {
        double accuracy = Evaluation.of(m.network(), p, backend, digits.test(), 500).accuracy();
        assertEquals(error, 1 - accuracy, 1e-9);
      }
    }
  }

  @Test
  void validationLeavesTheTestImagesAlone() throws IOException {
    Path json = folder.resolve("v.json");
    Cli.Run r =
        train("--variant", "weight-decay", "--seeds", "1", "--validate", "--json", "" + json);
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    JsonNode j = MAPPER.readTree(json.toFile());
    assertEquals("validation", j.get("evaluated_on").asText());
    assertEquals(600, j.get("train_images").asInt() + j.get("evaluated_images").asInt());
    assertTrue(r.out().contains("validation error"), r.out());
  }

  @Test
  void badInputIsRefused() {
    refused(List.of("'layer-pool'", "did you mean 'layer-pools'"), "--variant", "layer-pool");
    refused(List.of("--seeds", "0"), "--seeds", "0");
    refused(List.of("--epochs", "0"), "--epochs", "0");
    refused(List.of("--epochs 1", "input-pool", "one more"), "--epochs", "1");
    refused(List.of("capacity 0"), "--pool", "0");
    refused(List.of("replaced 3000"), "--replace", "3000");
    refused(List.of("gradients 5", "at least 12"), "--gradients", "5");
    refused(List.of("--save", "--variant"), "--save", "x.onnx");
    refused(List.of("no hidden layer", "[0,1]", "fc100-100-10"), "--model", "mlp100-100-10");
    refused(
        List.of("pools of 700", "smaller pools"),
        "--model",
        model,
        "--pool",
        "700",
        "--replace",
        "1",
        "--variant",
        "input-pool",
        "--data",
        data,
        "--epochs",
        "2");
    refused(List.of("no such file"), "--model", folder.resolve("none.onnx").toString());
    refused(List.of("--out", "is a file"), "--out", model);
  }
}
