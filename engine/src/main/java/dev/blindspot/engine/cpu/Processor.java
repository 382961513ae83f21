package dev.blindspot.engine.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The processor, as the kernel of the system names it. */
final class Processor {
  private static final String LABEL = "model name";

  private Processor() {}

  /** Its name, or the architecture where it is not told. */
  static String name() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(l -> l.startsWith(LABEL))
          .findFirst()
          .map(l -> l.substring(l.indexOf(':') + 1).strip())
          .orElseGet(Processor::architecture);
    } catch (IOException e) {
      return architecture();
    }
  }

  private static String architecture() {
    return System.getProperty("os.arch");
  }
}
