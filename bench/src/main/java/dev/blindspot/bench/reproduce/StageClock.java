package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.report.OutputFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Seconds that a stage took over all runs: what a killed run spent counts. */
final class StageClock {
  /** Between two writings. */
  private static final double EVERY = 5;

  private final Path file;
  private final double before;
  private final long began = System.nanoTime();
  private double written;

  StageClock(Path folder, Stage<?> stage) {
    file = folder.resolve("stages").resolve(stage.key() + ".seconds");
    before = read();
  }

  private double read() {
    try {
      return Files.exists(file) ? Double.parseDouble(Files.readString(file).strip()) : 0;
    } catch (IOException | NumberFormatException e) {
      throw Kept.damaged(file, e.toString());
    }
  }

  double seconds() {
    return before + (System.nanoTime() - began) / 1e9;
  }

  /** Writes the seconds down now and then. */
  void tick() {
    double now = (System.nanoTime() - began) / 1e9;
    if (now - written > EVERY) {
      written = now;
      OutputFiles.write(file, before + now + "\n");
    }
  }
}
