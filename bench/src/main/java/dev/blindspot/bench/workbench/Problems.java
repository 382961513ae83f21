package dev.blindspot.bench.workbench;

import dev.blindspot.bench.report.Template;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads shapes from the command line, files, and the lists that the program brings. */
public final class Problems {
  /** The drivers. */
  public static final List<String> DRIVERS =
      List.of("conv", "matmul", "pool", "relu", "sigmoid", "tanh", "softmax");

  /** Lists that the program brings, with their driver. */
  static final List<String> LISTS =
      List.of(
          "conv-lenet",
          "conv-alexnet",
          "conv-vgg16",
          "conv-resnet50",
          "conv-resnet20",
          "conv-mixed",
          "conv-first",
          "conv-deepbench",
          "conv-stress",
          "matmul-dense",
          "pool-networks",
          "relu-sizes",
          "sigmoid-sizes",
          "tanh-sizes",
          "softmax-sizes");

  /** Largest shape file that is read. */
  private static final long MAX_BYTES = 1 << 20;

  private Problems() {}

  /** One shape. */
  static Problem parse(String driver, String text, String place) {
    return switch (driver) {
      case "conv" -> ConvProblem.parse(text, place);
      case "matmul" -> MatmulProblem.parse(text, place);
      case "pool" -> PoolProblem.parse(text, place);
      default -> RowProblem.parse(driver, text, place);
    };
  }

  /**
   * All shapes: those given, then those of a file, a shape a line; empty lines and lines that begin
   * with # are skipped.
   *
   * @param batch a file, or the name of a list that the program brings; may be null
   * @throws InvalidInputException naming line and field of what is malformed
   */
  static List<Problem> read(String driver, List<String> given, String batch) {
    List<Problem> problems = new ArrayList<>();
    for (String text : given) {
      problems.add(parse(driver, text, "the command line"));
    }
    if (batch != null) {
      List<String> lines = lines(driver, batch);
      for (int i = 0; i < lines.size(); i++) {
        String text = lines.get(i).strip();
        if (!text.isEmpty() && !text.startsWith("#")) {
          problems.add(parse(driver, text, "line " + (i + 1) + " of " + batch));
        }
      }
    }
    return problems;
  }

  private static List<String> lines(String driver, String batch) {
    if (LISTS.contains(driver + "-" + batch)) {
      return Template.resource("/dev/blindspot/bench/shapes/" + driver + "-" + batch + ".txt")
          .lines()
          .toList();
    }
    try {
      Path file = Path.of(batch);
      if (!Files.isRegularFile(file)) {
        List<String> own =
            LISTS.stream()
                .filter(l -> l.startsWith(driver + "-"))
                .map(l -> l.substring(driver.length() + 1))
                .toList();
        throw new InvalidInputException(
            "--batch "
                + batch
                + ": no such file, nor a list of the program's for "
                + driver
                + "; these are "
                + own);
      }
      if (Files.size(file) > MAX_BYTES) {
        throw new InvalidInputException(
            "--batch " + batch + " has " + Files.size(file) + " bytes; at most " + MAX_BYTES);
      }
      return Files.readAllLines(file);
    } catch (IOException | InvalidPathException e) {
      throw new InvalidInputException("--batch " + batch + " cannot be read: " + e, e);
    }
  }
}
