package dev.blindspot.bench.cli;

import dev.blindspot.nn.data.DataSplit;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which network, which data. */
final class ModelOptions {
  @Option(
      names = "--model",
      paramLabel = "NAME|FILE",
      defaultValue = "fc100-100-10",
      description = "A network of the zoo, or an .onnx file (default: ${DEFAULT-VALUE}).")
  String model;

  @Mixin private DataOptions data;

  @Option(names = "--retrain", description = "Train a network of the zoo even if it is cached.")
  boolean retrain;

  /** True if the model is a file. */
  boolean isFile() {
    return Models.isFile(model);
  }

  /** Checks what needs no loading. */
  void check() {
    data.check();
    Models.check("--model", model);
  }

  DataSplit loadData(long seed) {
    return data.load(seed);
  }
}
