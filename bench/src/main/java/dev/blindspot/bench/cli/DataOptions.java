package dev.blindspot.bench.cli;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which data. */
final class DataOptions {
  @Option(
      names = "--data",
      paramLabel = "NAME",
      defaultValue = "synthetic",
      description =
          "synthetic, mnist, cifar10, cifar100, idx:FOLDER or folder:FOLDER"
              + " (default: ${DEFAULT-VALUE}).")
  private String data;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Folder with the data's files (default: below BLINDSPOT_DATA, else the cache).")
  private Path folder;

  /** Checks what needs no loading. */
  void check() {
    if (folder != null && !Files.isDirectory(folder)) {
      throw new InvalidInputException("--data-dir " + folder + ": no such folder");
    }
  }

  DataSplit load(long seed) {
    return DataSets.load(data, folder, seed);
  }
}
