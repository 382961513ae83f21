package dev.blindspot.bench.report;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

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

  /** Writes a text file; an older one stays as it was if this fails. */
  public static void write(Path file, String text) {
    Path target = file.toAbsolutePath();
    Path beside = null;
    try {
      Files.createDirectories(target.getParent());
      beside = Files.createTempFile(target.getParent(), "." + target.getFileName(), ".tmp");
      Files.writeString(beside, text);
      beside.toFile().setReadable(true, false);
      Files.move(
          beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      BlindspotException failure =
          new BlindspotException(file + ": cannot be written: " + e.getMessage(), e);
      try {
        if (beside != null) {
          Files.deleteIfExists(beside);
        }
      } catch (IOException left) {
        failure.addSuppressed(left);
      }
      throw failure;
    }
  }
}
