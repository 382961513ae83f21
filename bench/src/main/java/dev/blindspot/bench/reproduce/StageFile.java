package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Checksum;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A finished stage's results in a file. */
final class StageFile {

  /**
   * What the file holds.
   *
   * @param checksum of seconds and results as JSON
   * @param ours JSON of the results
   */
  private record Content(double seconds, String checksum, String ours) {}

  /**
   * A finished stage.
   *
   * @param seconds that it took, over all runs
   */
  record Finished<R>(R ours, double seconds) {}

  private StageFile() {}

  static Path file(Path folder, Stage<?> stage) {
    return folder.resolve("stages").resolve(stage.key() + ".json");
  }

  static <R> void write(Path folder, Stage<R> stage, R ours, double seconds) {
    write(file(folder, stage), ours, seconds);
  }

  /** Results with a checksum. */
  static void write(Path file, Object ours, double seconds) {
    String json = Json.text(ours);
    Content content = new Content(seconds, checksum(seconds, json), json);
    OutputFiles.write(file, Json.text(content) + "\n");
  }

  /** The finished stage, or null. */
  static <R> Finished<R> read(Path folder, Stage<R> stage) {
    return read(file(folder, stage), stage.type());
  }

  /**
   * The results in a file, or null.
   *
   * @throws InvalidInputException if it is damaged
   */
  static <R> Finished<R> read(Path file, Class<R> type) {
    if (!Files.exists(file)) {
      return null;
    }
    try {
      Content c = Json.parse(Files.readString(file), Content.class);
      if (c.ours() == null || !checksum(c.seconds(), c.ours()).equals(c.checksum())) {
        throw Kept.damaged(file, "its checksum is wrong");
      }
      return new Finished<>(Json.parse(c.ours(), type), c.seconds());
    } catch (IOException e) {
      throw Kept.damaged(file, e.getMessage());
    } catch (InvalidInputException e) {
      throw e.getMessage().startsWith("Resume") ? e : Kept.damaged(file, e.getMessage());
    }
  }

  private static String checksum(double seconds, String json) {
    return Checksum.sha256(seconds + "\n" + json);
  }
}
