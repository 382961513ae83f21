package dev.blindspot.bench.report;

import dev.blindspot.engine.AtomicFile;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes result files beside their target and renames them, so that none is ever half written. */
public final class OutputFiles {
  private OutputFiles() {}

  /**
   * Fails if {@code folder} cannot be written or made; makes nothing that stays.
   *
   * @throws InvalidInputException naming {@code option}
   */
  public static void checkFolder(String option, Path folder) {
    Path at = folder.toAbsolutePath().normalize();
    if (Files.exists(at) && !Files.isDirectory(at)) {
      throw new InvalidInputException(option + " " + folder + ": is a file, not a folder");
    }
    while (!Files.exists(at) && at.getParent() != null) {
      at = at.getParent();
    }
    if (!Files.isDirectory(at) || !Files.isWritable(at)) {
      throw new InvalidInputException(option + " " + folder + ": " + at + " cannot be written");
    }
    try {
      // Permissions do not tell of a read-only or full file system; a probe does.
      Files.delete(Files.createTempFile(at, ".blindspot", ".tmp"));
    } catch (IOException e) {
      throw new InvalidInputException(
          option + " " + folder + ": cannot write to " + at + ": " + e.getMessage(), e);
    }
  }

  /** Writes a text file, in UTF-8; an older one stays as it was if this fails. */
  public static void write(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a file; an older one stays as it was if this fails. */
  public static void write(Path file, byte[] content) {
    Path target = file.toAbsolutePath();
    try {
      Files.createDirectories(target.getParent());
      AtomicFile.write(target, out -> out.write(content));
    } catch (IOException e) {
      throw new BlindspotException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
