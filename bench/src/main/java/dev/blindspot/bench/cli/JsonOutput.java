package dev.blindspot.bench.cli;

import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.InvalidInputException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Where {@code --json} writes: a file, or the standard output. */
final class JsonOutput {
  private static final String STANDARD_OUTPUT = "-";

  private JsonOutput() {}

  /** Fails if {@code target} cannot be written, without touching it. */
  static void check(String target) {
    if (target == null || target.equals(STANDARD_OUTPUT)) {
      return;
    }
    Path file = path(target);
    Path folder = file.toAbsolutePath().getParent();
    if (target.isBlank() || Files.isDirectory(file)) {
      throw new InvalidInputException("--json '" + target + "' is not a file");
    }
    if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
      throw new InvalidInputException(
          "--json " + target + ": the folder " + folder + " does not exist or cannot be written");
    }
  }

  static void write(String target, Object result, PrintWriter out) {
    String text = Json.text(result);
    if (target.equals(STANDARD_OUTPUT)) {
      out.println(text);
      out.flush();
    } else {
      OutputFiles.write(path(target), text + "\n");
    }
  }

  private static Path path(String target) {
    try {
      return Path.of(target);
    } catch (InvalidPathException e) {
      throw new InvalidInputException("--json: not a path: " + e.getMessage(), e);
    }
  }
}
