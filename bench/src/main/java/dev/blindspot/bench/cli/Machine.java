package dev.blindspot.bench.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Facts about the machine that need no native library. */
final class Machine {
  private static final Path DRIVER = Path.of("/proc/driver/nvidia/version");

  private Machine() {}

  static String java() {
    return System.getProperty("java.version")
        + " ("
        + System.getProperty("java.vm.name")
        + ", "
        + System.getProperty("java.vendor")
        + ")";
  }

  static String platform() {
    return System.getProperty("os.name") + " " + System.getProperty("os.arch");
  }

  static int cores() {
    return Runtime.getRuntime().availableProcessors();
  }

  static long heapBytes() {
    return Runtime.getRuntime().maxMemory();
  }

  /** Memory of the machine, or of the container that this runs in. */
  static long memoryBytes() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean os
        ? os.getTotalMemorySize()
        : 0;
  }

  /** The processor's name, or the architecture where it is not told. */
  static String processor() {
    for (String line : lines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("model name")) {
        return line.substring(line.indexOf(':') + 1).strip();
      }
    }
    return System.getProperty("os.arch");
  }

  /** Levels of instruction sets of which we have kernels and the machine all that they need. */
  static List<String> instructionSets() {
    List<String> levels = new ArrayList<>(List.of("scalar"));
    for (String line : lines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("flags")) {
        List<String> flags = List.of(line.split("\\s+"));
        if (flags.containsAll(List.of("avx2", "fma"))) {
          levels.add("avx2");
        }
        if (flags.containsAll(List.of("avx512f", "avx512bw", "avx512dq", "avx512vl"))) {
          levels.add("avx512");
        }
        return levels;
      }
    }
    return levels;
  }

  /** The kernel's setting for transparent huge pages, as it prints it. */
  static String hugePages() {
    List<String> setting = lines(Path.of("/sys/kernel/mm/transparent_hugepage/enabled"));
    return setting.isEmpty() ? "unknown" : setting.get(0);
  }

  /** One line about NVIDIA's driver. */
  static String nvidia() {
    List<String> driver = lines(DRIVER);
    return driver.isEmpty() ? "no driver (" + DRIVER + " is not there)" : driver.get(0);
  }

  private static List<String> lines(Path file) {
    if (!Files.isReadable(file)) {
      return List.of();
    }
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      return List.of(); // as if the kernel did not offer the file; it is only information
    }
  }
}
