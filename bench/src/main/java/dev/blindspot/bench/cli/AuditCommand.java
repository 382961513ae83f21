package dev.blindspot.bench.cli;

import dev.blindspot.bench.report.AuditReport;
import dev.blindspot.bench.report.AuditResult;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSplit;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The main job: attack and certify the same examples, and report both. */
@Command(
    name = "audit",
    sortOptions = false,
    description = {
      "Finds for test examples the smallest change that changes the network's label, certifies a"
          + " radius within which none can, and writes report.html and audit.json."
    })
final class AuditCommand extends BlindspotCommand {
  @Mixin private ModelOptions subject;

  @Option(
      names = "--examples",
      paramLabel = "N",
      defaultValue = "100",
      description =
          "Attack the first N correctly classified test examples of a seeded shuffle"
              + " (default: ${DEFAULT-VALUE}).")
  private int examples;

  @Option(
      names = "--targeted",
      description = "Aim at a random wrong label instead of any other label.")
  private boolean targeted;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "blindspot-audit",
      description = "Folder for report.html and audit.json (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Override
  int execute() {
    long began = System.nanoTime();
    if (examples < 1) {
      throw new InvalidInputException("--examples must be at least 1, not " + examples);
    }
    subject.check();
    OutputFiles.checkFolder("--out", out);
    try (Backend backend = openBackend()) {
      DataSplit data = subject.loadData(seed);
      try (Subject network = Models.open(subject, data, backend, this)) {
        network.checkFits(data);
        Audit audit = new Audit(this, backend, network, data, examples, targeted);
        AuditResult result = audit.run(began);
        AuditReport.write(out, result, audit.pictures());
        report(result);
      }
    }
    return CommandLineTool.DONE;
  }

  private void report(AuditResult r) {
    print(AuditReport.sentence(r));
    print(
        String.format(
            Locale.ROOT,
            "Accuracy %.2f %%, success %.1f %%, mean RMS distortion %.4f, %.1f s.",
            100 * r.clean().accuracy(),
            100 * r.attack().successRate(),
            r.attack().meanDistortionRms(),
            r.seconds().total()));
    print("Report: " + out.resolve("report.html"));
    writeJson(r);
  }
}
