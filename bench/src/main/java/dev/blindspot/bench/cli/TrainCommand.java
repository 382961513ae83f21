package dev.blindspot.bench.cli;

import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.onnx.OnnxModel;
import dev.blindspot.nn.training.Evaluation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a network of the zoo and writes it as ONNX. */
@Command(
    name = "train",
    sortOptions = false,
    description = "Trains a network of the zoo on a data set and writes it as an ONNX file.")
final class TrainCommand extends BlindspotCommand {
  private static final int BATCH = 250;

  @Mixin private ModelOptions subject;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The ONNX file (default: the model's name with .onnx).")
  private Path out;

  /** The result. */
  record Result(
      String format,
      String version,
      String command,
      String device,
      String precision,
      int threads,
      long seed,
      String model,
      long parameters,
      String data,
      String dataChecksum,
      double trainAccuracy,
      double testAccuracy,
      boolean cached,
      String file,
      double seconds) {}

  @Override
  int execute() {
    subject.check();
    if (subject.isFile()) {
      throw new InvalidInputException(
          "--model " + subject.model + ": only networks of the zoo can be trained, not files");
    }
    Path file = out == null ? Path.of(subject.model + ".onnx") : out;
    Path parent = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file) || parent == null) {
      throw new InvalidInputException("--out " + file + ": is a folder, not a file");
    }
    OutputFiles.checkFolder("--out", parent);
    try (Backend backend = openBackend()) {
      DataSplit data = subject.loadData(seed);
      try (Subject network = Models.open(subject, data, backend, this)) {
        report(network, backend, data, file);
      }
    }
    return CommandLineTool.DONE;
  }

  private void report(Subject s, Backend backend, DataSplit data, Path file) {
    double train = accuracy(s, backend, data.train());
    double test = accuracy(s, backend, data.test());
    OnnxModel.write(file, s.network(), s.parameters());
    print(
        String.format(
            Locale.ROOT,
            "%s on %s: accuracy %.2f %% (training data %.2f %%), %s",
            s.name(),
            data.name(),
            100 * test,
            100 * train,
            s.cached()
                ? "from the cache"
                : String.format(Locale.ROOT, "%.1f s", s.trainSeconds())));
    print("Written to " + file);
    writeJson(
        new Result(
            "blindspot-train-1",
            Version.program(),
            commandLine(),
            backend.name(),
            "FP32",
            threadCount(),
            seed,
            s.name(),
            s.network().parameterCount(),
            data.name(),
            data.train().checksum(),
            train,
            test,
            s.cached(),
            file.toString(),
            s.trainSeconds()));
  }

  private static double accuracy(Subject s, Backend backend, dev.blindspot.nn.data.DataSet data) {
    return Evaluation.of(s.network(), s.parameters(), backend, data, BATCH).accuracy();
  }
}
