package dev.blindspot.engine.cpu;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The processor, as the kernel of the system names it. */
final class Processor {
  private static final String LABEL = "model name";

  private Processor() {}

  /** Its name, or the architecture where it is not told. */
  static String name() {
    String architecture = System.getProperty("os.arch");
    try (BufferedReader lines = Files.newBufferedReader(Path.of("/proc/cpuinfo"))) {
      String line = lines.readLine();
      while (line != null && !line.startsWith(LABEL)) {
        line = lines.readLine();
      }
      return line == null ? architecture : line.substring(line.indexOf(':') + 1).strip();
    } catch (IOException e) {
      return architecture;
    }
  }
}
