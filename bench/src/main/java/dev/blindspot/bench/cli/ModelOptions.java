package dev.blindspot.bench.cli;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which network, which data. */
final class ModelOptions {
  @Option(
      names = "--model",
      paramLabel = "NAME|FILE",
      defaultValue = "fc100-100-10",
      description = "A network of the zoo, or an .onnx file (default: ${DEFAULT-VALUE}).")
  String model;

  @Option(
      names = "--data",
      paramLabel = "NAME",
      defaultValue = "synthetic",
      description =
          "synthetic, mnist, cifar10, cifar100, idx:FOLDER or folder:FOLDER"
              + " (default: ${DEFAULT-VALUE}).")
  String data;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Folder with the data's files (default: below BLINDSPOT_DATA, else the cache).")
  Path folder;

  @Option(names = "--retrain", description = "Train a network of the zoo even if it is cached.")
  boolean retrain;

  /** True if the model is a file. */
  boolean isFile() {
    return model.endsWith(".onnx");
  }

  /** Checks what needs no loading. */
  void check() {
    if (folder != null && !Files.isDirectory(folder)) {
      throw new InvalidInputException("--data-dir " + folder + ": no such folder");
    }
    if (isFile() && !Files.isRegularFile(Path.of(model))) {
      throw new InvalidInputException("--model " + model + ": no such file");
    }
    if (!isFile()) {
      Models.checkName(model);
    }
  }

  DataSplit loadData(long seed) {
    return DataSets.load(data, folder, seed);
  }
}
