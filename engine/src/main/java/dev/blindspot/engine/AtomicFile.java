package dev.blindspot.engine;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Files that appear whole or not at all: written beside their place under a name of their own, then
 * renamed. Safe between threads and processes; the last one to finish wins.
 */
public final class AtomicFile {
  private AtomicFile() {}

  /** Writes the content. */
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file; if that fails, what was there stays and nothing is left beside it.
   *
   * @throws IOException if the folder is missing or cannot be written, or the content's own
   */
  public static void write(Path file, Content content) throws IOException {
    Path part = beside(file);
    try {
      try (OutputStream out =
          new BufferedOutputStream(
              Files.newOutputStream(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              1 << 16)) {
        content.writeTo(out);
      }
      replace(part, file);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** A name that nobody else uses, in the same folder as {@code file}; makes no file. */
  public static Path beside(Path file) {
    return file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".part");
  }

  /** Renames {@code part}, which must lie in the same folder, to {@code file}. */
  public static void replace(Path part, Path file) throws IOException {
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
