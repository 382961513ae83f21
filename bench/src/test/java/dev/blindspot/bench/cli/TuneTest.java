package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuneTest {
  @TempDir Path dir;

  @Test
  void choicesAreMeasuredOnceAndShown() throws IOException {
    String file = dir.resolve("choices.txt").toString();
    String[] tune = {"tune", "lenet", "--batch", "2", "--file", file, "--json", "-"};
    JsonNode first = json(Cli.run(tune));
    assertEquals("blindspot-tune-1", first.get("format").asText());
    assertTrue(first.get("choices").size() >= 4, "two convolutions, two directions each");
    assertTrue(first.get("plans").get("2").get("conv1").asText().contains("cpu:"));
    JsonNode second = json(Cli.run(tune));
    assertEquals(0, second.get("choices").size());
    assertEquals(first.get("plans"), second.get("plans"));
    JsonNode shown = json(Cli.run("tune", "--show", "--file", file, "--json", "-"));
    assertEquals(first.get("choices"), shown.get("choices"));
    Cli.Run text = Cli.run("tune", "--show", "--file", file);
    assertTrue(text.out().contains(" us") && text.out().contains("Conv2dDesc["), text.out());
  }

  private static JsonNode json(Cli.Run r) throws IOException {
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return new ObjectMapper().readTree(r.out());
  }

  @Test
  void badInputIsOneSentence() throws IOException {
    assertBad("--show", "tune");
    assertBad("--show", "tune", "lenet", "--show");
    assertBad("at least 1", "tune", "lenet", "--batch", "0");
    assertBad("not known", "tune", "lenett");
    Path foreign = Files.writeString(dir.resolve("notes"), "notes\n");
    assertBad("first line", "tune", "--show", "--file", foreign.toString());
    assertBad("first line", "tune", "lenet", "--file", foreign.toString());
    assertEquals("notes\n", Files.readString(foreign));
  }

  private static void assertBad(String sentence, String... args) {
    Cli.Run r = Cli.run(args);
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertTrue(r.sentence().contains(sentence), r.err());
  }
}
