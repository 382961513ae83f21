package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.engine.BackendProvider;
import dev.blindspot.engine.Backends;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineToolTest {
  @TempDir Path folder;

  /** Fails unless the command line is refused with one sentence that has all these words. */
  private static void refused(List<String> words, String... args) {
    Cli.Run r = Cli.run(args);
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertEquals("", r.out());
    assertTrue(r.sentence().startsWith("blindspot: "), r.err());
    assertTrue(r.sentence().matches(".*[.?!)]"), r.sentence());
    assertFalse(r.err().contains("\tat "), "no stack trace: " + r.err());
    for (String w : words) {
      assertTrue(r.sentence().contains(w), "'" + w + "' in: " + r.sentence());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"doctor", "train", "audit", "attack", "transfer", "bounds", "inspect"})
  void everyCommandHasHelpWithTheCommonOptions(String command) {
    Cli.Run r = Cli.run(command, "--help");
    assertEquals(CommandLineTool.DONE, r.code());
    for (String option :
        List.of("--device", "--threads", "--seed", "--quiet", "--json", "--help")) {
      assertTrue(r.out().contains(option), option);
    }
  }

  @Test
  void helpAndVersionSucceed() {
    assertTrue(Cli.run("--help").out().contains("audit"));
    assertTrue(Cli.run("--version").out().matches("(?s)blindspot \\d+\\.\\d+.*"));
    assertEquals(CommandLineTool.BAD_INPUT, Cli.run().code());
  }

  @Test
  void unknownWordsGetTheNearestSuggestion() {
    refused(List.of("'audti'", "did you mean 'audit'?"), "audti");
    refused(List.of("--exmples", "did you mean '--examples'?"), "audit", "--exmples", "3");
    refused(List.of("'mnits'", "'mnist'"), "audit", "--data", "mnits");
    refused(List.of("fc100-100-1'", "'fc100-100-10'"), "audit", "--model", "fc100-100-1");
    refused(List.of("'cpx'", "'cpu'"), "doctor", "--device", "cpx");
  }

  @Test
  void badNumbersAreRefused() {
    refused(List.of("--examples", "0"), "audit", "--examples", "0");
    refused(List.of("--examples", "-5"), "audit", "--examples", "-5");
    refused(List.of("--examples", "many"), "audit", "--examples", "many");
    refused(List.of("--threads", "0"), "doctor", "--threads", "0");
    refused(List.of("--threads", "100000"), "doctor", "--threads", "100000");
    refused(List.of("--seed", "x"), "doctor", "--seed", "x");
  }

  @Test
  void missingFilesAreRefused() {
    String missing = folder.resolve("missing").toString();
    refused(List.of("--model", "no such file"), "bounds", "--model", missing + ".onnx");
    refused(List.of("--data-dir", "no such folder"), "audit", "--data-dir", missing);
    refused(List.of("missing"), "audit", "--data", "idx:" + missing);
  }

  @Test
  void malformedModelsAreRefusedAndNothingIsWritten() throws IOException {
    Path model = Files.write(folder.resolve("broken.onnx"), new byte[] {8, 1, 2, 3, 4, 5});
    Path out = folder.resolve("out");
    refused(List.of("broken.onnx"), "audit", "--model", model.toString(), "--out", out.toString());
    assertFalse(Files.exists(out));
  }

  @Test
  void unwritablePlacesAreRefusedBeforeAnyWork() throws IOException {
    Path file = Files.writeString(folder.resolve("kept"), "kept");
    refused(List.of("--out", "is a file"), "audit", "--out", file.toString());
    refused(List.of("--out"), "audit", "--out", file.resolve("below").toString());
    refused(List.of("--json", "folder"), "doctor", "--json", folder.resolve("no/x.json") + "");
    refused(List.of("--json", "not a file"), "doctor", "--json", folder.toString());
    assertEquals("kept", Files.readString(file));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count(), "nothing else was written");
    }
  }

  @Test
  void unavailableDeviceSaysWhy() {
    boolean usable =
        Backends.available().entrySet().stream()
            .filter(e -> e.getValue().available())
            .map(e -> e.getKey())
            .map(BackendProvider::name)
            .anyMatch("cuda"::equals);
    org.junit.jupiter.api.Assumptions.assumeFalse(usable, "this machine has a cuda device");
    refused(List.of("--device cuda cannot be used: "), "audit", "--device", "cuda");
  }

  @Test
  void doctorNamesEveryBackend() throws IOException {
    Path file = folder.resolve("doctor.json");
    Cli.Run r = Cli.run("doctor", "--threads", "1", "--json", file.toString());
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    JsonNode j = new ObjectMapper().readTree(file.toFile());
    assertEquals("blindspot-doctor-1", j.get("format").asText());
    assertEquals(1, j.get("threads").asInt());
    for (JsonNode b : j.get("backends")) {
      assertFalse(b.get("reason").asText().isBlank(), "each has its reason");
      assertTrue(r.out().contains(b.get("name").asText()));
    }
    assertTrue(
        j.get("backends").findValuesAsText("name").containsAll(List.of("reference", "cuda")));
  }

  @Test
  void jsonOnTheStandardOutputStandsAlone() throws IOException {
    Cli.Run r = Cli.run("doctor", "--json", "-");
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    assertEquals(
        "blindspot doctor --json -", new ObjectMapper().readTree(r.out()).get("command").asText());
  }
}
