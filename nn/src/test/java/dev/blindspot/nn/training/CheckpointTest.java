package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
  private static final String IDENTITY = "a network, its data, its recipe";

  @TempDir Path dir;

  private static Checkpoint example() {
    double[] large = new double[20_000];
    Arrays.setAll(large, i -> Math.sin(i));
    return new Checkpoint(IDENTITY, 3, 17, List.of(new double[] {1, -0.0, 1e-300}, large));
  }

  @Test
  void readsWhatWasWritten() {
    Path file = dir.resolve("new/folder/c.bin");
    example().write(file);
    Checkpoint c = Checkpoint.read(file, IDENTITY);
    assertEquals(3, c.epoch());
    assertEquals(17, c.steps());
    assertEquals(2, c.values().size());
    assertArrayEquals(example().values().get(0), c.values().get(0));
    assertArrayEquals(example().values().get(1), c.values().get(1));
  }

  private InvalidInputException refused(Path file) {
    return assertThrows(InvalidInputException.class, () -> Checkpoint.read(file, IDENTITY));
  }

  @Test
  void refusesEveryCutAndEveryChangedByte() throws IOException {
    Path file = dir.resolve("c.bin");
    new Checkpoint(IDENTITY, 3, 17, List.of(new double[] {1, 2})).write(file);
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertTrue(refused(file).getMessage().startsWith("checkpoint " + file + ": "));
    }
    for (int at = 0; at < whole.length; at++) {
      byte[] changed = whole.clone();
      changed[at] ^= 0x40;
      Files.write(file, changed);
      refused(file);
    }
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    refused(file);
  }

  @Test
  void aMissingFileIsOneSentence() {
    String message = refused(dir.resolve("none.bin")).getMessage();
    assertTrue(message.startsWith("cannot read the checkpoint"), message);
  }

  @Test
  void aFolderThatCannotBeMadeIsOneSentence() throws IOException {
    Path notAFolder = Files.writeString(dir.resolve("file"), "x");
    InvalidInputException e =
        assertThrows(
            InvalidInputException.class, () -> example().write(notAFolder.resolve("c.bin")));
    assertTrue(e.getMessage().startsWith("cannot write the checkpoint"), e.getMessage());
  }

  /** Writes one checkpoint after another until it is killed. */
  public static final class Writer {
    private Writer() {}

    public static void main(String[] args) {
      double[] values = new double[50_000];
      for (int epoch = 1; ; epoch++) {
        Arrays.fill(values, epoch);
        new Checkpoint(IDENTITY, epoch, epoch, List.of(values)).write(Path.of(args[0]));
        System.out.println(epoch);
      }
    }
  }

  @Test
  void survivesAKill() throws IOException, InterruptedException {
    Path file = dir.resolve("c.bin");
    for (int round = 0; round < 4; round++) {
      Process writer =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Writer.class.getName(),
                  file.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8))) {
        for (int i = 0; i < 5 + 7 * round; i++) {
          assertTrue(lines.readLine() != null, "the writer ended by itself");
        }
        writer.destroyForcibly().waitFor();
      }
      Checkpoint c = Checkpoint.read(file, IDENTITY);
      assertTrue(c.epoch() >= 5 + 7 * round, "epoch " + c.epoch());
      double[] wanted = new double[50_000];
      Arrays.fill(wanted, c.epoch());
      assertArrayEquals(wanted, c.values().get(0), "one epoch's values, not a mixture");
    }
    try (Stream<Path> files = Files.list(dir)) {
      assertTrue(files.allMatch(f -> f.equals(file) || f.toString().endsWith(".part")));
    }
  }
}
