package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSets;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command on a few digits in MNIST's file format. */
class ReproduceTest {
  @TempDir Path dir;

  private Path digits() throws IOException {
    Path folder = Files.createDirectories(dir.resolve("digits"));
    var split = DataSets.load("synthetic", null, 1);
    write(folder, "train", split.train().first(100));
    write(folder, "t10k", split.test().first(50));
    return folder;
  }

  private static void write(Path folder, String part, DataSet data) throws IOException {
    int h = (int) data.sampleShape().dim(1);
    int w = (int) data.sampleShape().dim(2);
    try (DataOutputStream images =
            new DataOutputStream(
                Files.newOutputStream(folder.resolve(part + "-images-idx3-ubyte")));
        DataOutputStream labels =
            new DataOutputStream(
                Files.newOutputStream(folder.resolve(part + "-labels-idx1-ubyte")))) {
      images.writeInt(0x803);
      images.writeInt(data.size());
      images.writeInt(h);
      images.writeInt(w);
      labels.writeInt(0x801);
      labels.writeInt(data.size());
      for (int i = 0; i < data.size(); i++) {
        for (float v : data.image(i)) {
          images.writeByte(Math.round(255 * v));
        }
        labels.writeByte(data.label(i));
      }
    }
  }

  @Test
  void makesTheTablesAskedForAndGoesOnWithOthers() throws IOException {
    Path out = dir.resolve("out");
    String data = "idx:" + digits();
    Cli.Run r =
        Cli.run("reproduce", "--only", "table3,table4", "--data", data, "--out", out.toString());
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    JsonNode j = new ObjectMapper().readTree(out.resolve("results.json").toFile());
    assertEquals(2, j.size());
    JsonNode rows = j.get("table3").get("ours").get("rows");
    assertEquals(3, rows.size());
    assertEquals(0, rows.get(0).get("errors").get(0).asDouble(), "fits its own half");
    assertEquals(0, rows.get(2).get("errors").get(1).asDouble(), "fits its own half");
    JsonNode own = j.get("table4").get("ours").get("as_found");
    for (int i = 0; i < 3; i++) {
      assertEquals(1, own.get(i).get("errors").get(i).asDouble());
    }
    String page = Files.readString(out.resolve("report.html"));
    assertTrue(page.contains("id=\"table4\"") && !page.contains("id=\"table1\""));

    r = Cli.run("reproduce", "--only", "units", "--data", data, "--out", out.toString());
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    j = new ObjectMapper().readTree(out.resolve("results.json").toFile());
    assertEquals(3, j.size());
    double p = j.get("units").get("ours").get("p_value").asDouble();
    assertTrue(p >= 0 && p <= 1);
    page = Files.readString(out.resolve("report.html"));
    assertTrue(page.contains("data:image/png;base64,"));
  }

  @Test
  void badInputIsOneSentence() {
    Cli.Run r = Cli.run("reproduce", "--only", "tabel1", "--out", dir.toString());
    assertEquals(CommandLineTool.BAD_INPUT, r.code());
    assertTrue(r.sentence().contains("'tabel1' is not known; did you mean"), r.sentence());
    r = Cli.run("reproduce", "--data-dir", dir.resolve("none").toString());
    assertEquals(CommandLineTool.BAD_INPUT, r.code());
    Path out = dir.resolve("out");
    r = Cli.run("reproduce", "--data-dir", dir.toString(), "--out", out.toString());
    assertEquals(CommandLineTool.BAD_INPUT, r.code());
    assertTrue(r.sentence().contains("train-images-idx3-ubyte"), r.sentence());
    assertTrue(r.sentence().contains(dir.toString()), r.sentence());
    assertFalse(Files.exists(out));
  }
}
