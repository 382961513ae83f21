package dev.blindspot.bench.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** Runs command lines in this process. */
final class Cli {
  /** What a command line gave. */
  record Run(int code, String out, String err) {
    /** The one line of an error, without the hint for usage. */
    String sentence() {
      return err.lines().findFirst().orElse("");
    }
  }

  private Cli() {}

  static Run run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        CommandLineTool.run(
            new Console(new PrintWriter(out, true), new PrintWriter(err, true), false), args);
    return new Run(code, out.toString(), err.toString());
  }
}
