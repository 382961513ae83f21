package dev.blindspot.bench.cli;

import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.bench.reproduce.About;
import dev.blindspot.bench.reproduce.Reproducer;
import dev.blindspot.bench.reproduce.Scale;
import dev.blindspot.bench.reproduce.Stage;
import dev.blindspot.bench.reproduce.Stages;
import dev.blindspot.bench.reproduce.Tasks;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.data.NearestName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The paper's tables and figures, from networks trained here. */
@Command(
    name = "reproduce",
    sortOptions = false,
    description = {
      "Reproduces the tables and figures of \"Intriguing properties of neural networks\": trains its"
          + " networks, attacks them, and writes report.html and results.json with the paper's"
          + " numbers beside ours. A killed run goes on where it was when the same command is given"
          + " again."
    })
final class ReproduceCommand extends BlindspotCommand {
  @Option(
      names = "--only",
      paramLabel = "KEY",
      split = ",",
      description =
          "Only these, separated by commas: table1 to table4, units, figures, ... (default: all).")
  private List<String> only;

  @Option(
      names = "--data",
      paramLabel = "NAME",
      defaultValue = "mnist",
      description = "Another data set, as for audit (default: ${DEFAULT-VALUE}).")
  private String data;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Folder with the data's files (default: below BLINDSPOT_DATA, else the cache).")
  private Path folder;

  @Option(
      names = "--scale",
      paramLabel = "quick|full|paper",
      defaultValue = "quick",
      description =
          "quick: minutes, rough; full: about an hour; paper: every training image attacked"
              + " (default: ${DEFAULT-VALUE}).")
  private Scale scale;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Folder for the report and for what is kept of the work (default:"
              + " blindspot-reproduce-SCALE).")
  private Path out;

  @Option(
      names = "--alexnet",
      paramLabel = "FILE.onnx",
      description = "An AlexNet for table 5 (default: its geometry as initialised, untrained).")
  private Path alexnet;

  @Override
  int execute() {
    if (alexnet != null && !Models.isFile(alexnet.toString())) {
      throw new InvalidInputException("--alexnet " + alexnet + ": not an .onnx file");
    }
    if (alexnet != null) {
      Models.check("--alexnet", alexnet.toString());
    }
    if (folder != null && !Files.isDirectory(folder)) {
      throw new InvalidInputException("--data-dir " + folder + ": no such folder");
    }
    List<Stage<?>> wanted = wanted();
    Path target = out == null ? Path.of("blindspot-reproduce-" + scale) : out;
    OutputFiles.checkFolder("--out", target);
    DataSplit split = DataSets.load(data, folder, seed);
    try (Backend backend = openBackend()) {
      About about =
          new About(commandLine(), Version.program(), backend.name(), threadCount(), split.name());
      Reproducer reproducer =
          new Reproducer(
              backend, split, scale, seed, threadCount(), target, alexnet, new ConsoleTasks(this));
      writeJson(reproducer.run(wanted, Stages.all(), about));
    }
    print("Report: " + target.resolve("report.html"));
    print("Results: " + target.resolve("results.json"));
    return CommandLineTool.DONE;
  }

  private List<Stage<?>> wanted() {
    if (only == null) {
      return Stages.all();
    }
    for (String key : only) {
      if (!Stages.keys().contains(key)) {
        throw new InvalidInputException(
            "--only '"
                + key
                + "' is not known"
                + NearestName.suggestion(key, Stages.keys())
                + " There are "
                + Stages.keys());
      }
    }
    return Stages.all().stream().<Stage<?>>map(s -> s).filter(s -> only.contains(s.key())).toList();
  }

  /** Tasks as progress on the console. */
  private record ConsoleTasks(BlindspotCommand command) implements Tasks {
    @Override
    public Task start(String name, String unit, long total) {
      Progress progress = command.progress(name, unit, total);
      return new Task() {
        @Override
        public void update(long done, String detail) {
          progress.update(done, detail);
        }

        @Override
        public void close() {
          progress.close();
        }
      };
    }

    @Override
    public void say(String line) {
      command.say(line);
    }
  }
}
