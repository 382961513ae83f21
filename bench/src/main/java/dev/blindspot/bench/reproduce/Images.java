package dev.blindspot.bench.reproduce;

import dev.blindspot.engine.AtomicFile;
import dev.blindspot.engine.BlindspotException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** PNG files of a reproduction. */
final class Images {
  private static final String PREFIX = "data:image/png;base64,";

  private Images() {}

  /** Writes the picture of a data URI to a file. */
  static void write(Path file, String uri) {
    byte[] png = Base64.getDecoder().decode(uri.substring(PREFIX.length()));
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      AtomicFile.write(file.toAbsolutePath(), out -> out.write(png));
    } catch (IOException e) {
      throw new BlindspotException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** The file as a data URI. */
  static String uri(Path file) {
    try {
      return PREFIX + Base64.getEncoder().encodeToString(Files.readAllBytes(file));
    } catch (IOException e) {
      throw Kept.damaged(file, "a picture of the report: " + e.getMessage());
    }
  }
}
