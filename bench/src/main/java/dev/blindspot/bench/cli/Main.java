package dev.blindspot.bench.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The process: runs the command line and ends with its exit code. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int code = CommandLineTool.run(new Console(out, err, System.console() != null), args);
    out.flush();
    err.flush();
    System.exit(code);
  }
}
