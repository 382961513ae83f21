package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainAndBoundsTest {
  @TempDir Path folder;

  private static JsonNode done(String... args) throws IOException {
    Cli.Run r = Cli.run(args);
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return new ObjectMapper().readTree(r.out());
  }

  @Test
  void trainedNetworkIsKeptAndBoundedFromItsFile() throws IOException {
    String file = folder.resolve("fc10.onnx").toString();
    JsonNode first = done("train", "--model", "fc10", "--retrain", "--out", file, "--json", "-");
    assertFalse(first.get("cached").asBoolean());
    assertTrue(first.get("test_accuracy").asDouble() > 0.8, first.toString());
    JsonNode second = done("train", "--model", "fc10", "--out", file, "--json", "-");
    assertTrue(second.get("cached").asBoolean());
    assertEquals(first.get("test_accuracy"), second.get("test_accuracy"));

    JsonNode bounds = done("bounds", "--model", file, "--json", "-");
    double product = 1;
    for (JsonNode layer : bounds.get("layers")) {
      assertTrue(layer.get("lower").asDouble() <= layer.get("upper").asDouble());
      product *= layer.get("upper").asDouble();
    }
    assertEquals(product, bounds.get("network_upper").asDouble(), 1e-12 * product);
  }

  @Test
  void paperFormulaAddsColumnsAndTakesNoneAway() throws IOException {
    JsonNode plain = done("bounds", "--model", "mlp100-100-10", "--untrained", "--json", "-");
    assertTrue(plain.get("paper_formula").isNull());
    assertTrue(plain.get("untrained").asBoolean());
    JsonNode more =
        done("bounds", "--model", "mlp100-100-10", "--untrained", "--paper-formula", "--json", "-");
    assertEquals(plain.get("layers"), more.get("layers"));
    JsonNode columns = more.get("paper_formula");
    assertEquals(5, columns.get("layers").size());
    JsonNode first = columns.get("layers").get(0);
    assertEquals("fc1", first.get("name").asText());
    assertEquals("784x100", first.get("size").asText());
    assertTrue(first.get("paper").isNull());
    assertEquals(more.get("layers").get(0).get("upper"), first.get("printed"));
    assertEquals(
        more.get("network_upper").asDouble(), columns.get("printed_product").asDouble(), 1e-9);
    assertTrue(columns.get("paper_product").isNull());

    Cli.Run text =
        Cli.run("bounds", "--model", "mlp100-100-10", "--untrained", "--paper-formula", "--quiet");
    assertTrue(text.out().contains("its formula") && text.out().contains("untrained"), text.out());
  }

  @Test
  void untrainedIsForNetworksOfTheZoo() throws IOException {
    Path file = Files.createFile(folder.resolve("net.onnx"));
    Cli.Run r = Cli.run("bounds", "--model", file.toString(), "--untrained");
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertTrue(r.sentence().contains("--untrained"), r.err());
  }

  @Test
  void modelThatDoesNotFitTheDataIsRefused() throws IOException {
    Path file = folder.resolve("net.onnx");
    done("train", "--model", "fc10", "--out", file.toString(), "--json", "-");
    Path images = folder.resolve("images");
    Files.createDirectories(images.resolve("a"));
    Files.createDirectories(images.resolve("b"));
    BufferedImage image = new BufferedImage(5, 5, BufferedImage.TYPE_BYTE_GRAY);
    for (String name : new String[] {"a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png"}) {
      ImageIO.write(image, "png", images.resolve(name).toFile());
    }
    Path out = folder.resolve("out");
    Cli.Run r =
        Cli.run(
            "audit",
            "--model",
            file.toString(),
            "--data",
            "folder:" + images,
            "--out",
            out.toString());
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertTrue(r.sentence().contains("[1,5,5]"), r.err());
    assertFalse(Files.exists(out));
  }
}
