package dev.blindspot.bench.reproduce;

import dev.blindspot.engine.InvalidInputException;
import java.nio.file.Path;

/** Messages about what a run kept. */
final class Kept {
  private Kept() {}

  /** A kept file that cannot be used; nothing has been overwritten. */
  static InvalidInputException damaged(Path file, String why) {
    return new InvalidInputException(
        "Resume: "
            + file
            + " cannot be used: "
            + why
            + ". Nothing was overwritten. Delete that file to have it made anew, or give another"
            + " --out to start afresh");
  }
}
