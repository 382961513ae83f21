package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The workbench's command: one execution of each problem, no time is asserted. */
class BenchTest {
  @TempDir Path dir;

  private static JsonNode bench(String... args) throws IOException {
    List<String> all = new ArrayList<>(List.of("bench"));
    all.addAll(List.of(args));
    all.addAll(List.of("--seconds", "0", "--json", "-"));
    Cli.Run r = Cli.run(all.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return new ObjectMapper().readTree(r.out());
  }

  @ParameterizedTest
  @CsvSource({
    "conv, mb2g2ic4ih7oc6kh3sh2ph1, 3",
    "matmul, 3x17:17x5, 3",
    "pool, mb1ic2ih9kh3sh2, 2",
    "relu, 2x33, 2",
    "sigmoid, 2x3x4, 2",
    "tanh, 5, 2",
    "softmax, 4x10, 2"
  })
  void everyPrimitiveIsMeasuredInItsDirections(String driver, String shape, int directions)
      throws IOException {
    JsonNode j = bench(driver, shape);
    assertEquals("blindspot-bench-1", j.get("format").asText());
    assertTrue(j.get("machine").get("gflops").asDouble() > 0);
    assertEquals(directions, j.get("results").size());
    for (JsonNode row : j.get("results")) {
      assertEquals(shape, row.get("prb").asText());
      assertTrue(row.get("median_us").asDouble() > 0);
      assertTrue(row.get("impl").asText().startsWith("cpu:"));
      assertTrue(row.get("peak_share").asDouble() > 0);
    }
  }

  /** n float32 products of random signs: an error far below n eps, and not 0. */
  @ParameterizedTest
  @CsvSource({"conv, mb2g2ic4ih7oc6kh3sh2ph1, 36", "matmul, 9x64:64x16, 64"})
  void errorsAreAgainstDouble(String driver, String shape, int terms) throws IOException {
    for (JsonNode row : bench(driver, shape, "--errors").get("results")) {
      double e = row.get("norm_error").asDouble();
      assertTrue(e > 0 && e < terms * Math.ulp(1f), row.toString());
    }
  }

  @Test
  void whatNoImplementationSupportsSaysWhyAndTheRunGoesOn() throws IOException {
    JsonNode j = bench("conv", "ic2ih5oc2kh3", "ic3ih5oc2kh3", "--impl", "nothing", "--dir=FWD_D");
    assertEquals(2, j.get("results").size());
    for (JsonNode row : j.get("results")) {
      assertTrue(row.get("impl").isNull());
      assertTrue(row.get("skipped").asText().contains("nothing"), row.toString());
    }
  }

  @Test
  void attacksAreMeasuredByStep() throws IOException {
    JsonNode j = bench("attack", "fc10", "--batch", "2,3", "--attack", "pgd10,fgsm,lbfgs");
    assertEquals(6, j.get("results").size());
    for (JsonNode row : j.get("results")) {
      assertEquals("fc10", row.get("name").asText());
      assertTrue(row.get("prb").asText().matches("fc10-(pgd10|fgsm|lbfgs)-b[23]"), row.toString());
      assertTrue(row.has("samples_per_second") && row.has("overhead"), row.toString());
    }
  }

  @Test
  void runsAreCompared() throws IOException {
    Path file = dir.resolve("a.json");
    Cli.run("bench", "relu", "3x4", "--seconds", "0", "--json", file.toString());
    Cli.Run r = Cli.run("bench", "compare", file.toString(), file.toString());
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    assertTrue(r.out().contains("0 of 2 got slower"), r.out());
    Files.writeString(file, "{\"format\": \"other\"}");
    r = Cli.run("bench", "compare", file.toString(), file.toString());
    assertEquals(CommandLineTool.BAD_INPUT, r.code());
    assertTrue(r.sentence().contains("is not a result of bench"), r.sentence());
  }

  @ParameterizedTest
  @CsvSource({
    "conw x, 'conw' is not known; did you mean",
    "conv ic3, field 'ih' is missing",
    "conv ic3ih5oc2kh3 --dt f16, --dt 'f16' is not known",
    "conv ic3ih5oc2kh3 --seconds -1, --seconds must be",
    "conv --batch nowhere, no such file",
    "relu, no shape given",
    "attack lenat, did you mean",
    "attack fc10 --attack dgp, attack 'dgp' is not known",
    "attack fc10 --batch 1;2, takes sizes such as",
    "attack fc10 --batch 0, must be 1 to 1000",
    "conv ic3ih5oc2kh3 --peer torhc, did you mean",
    "compare a.json, takes two files"
  })
  void badInputIsOneSentence(String args, String part) {
    Cli.Run r = Cli.run(("bench " + args).split(" "));
    assertEquals(CommandLineTool.BAD_INPUT, r.code());
    assertTrue(r.sentence().contains(part.strip()), r.sentence());
  }
}
