package dev.blindspot.bench.cli;

import dev.blindspot.attacks.inspect.HiddenLayers;
import dev.blindspot.attacks.inspect.Inspection;
import dev.blindspot.attacks.inspect.InspectionOptions;
import dev.blindspot.attacks.inspect.TopImages;
import dev.blindspot.attacks.inspect.UnitInspection;
import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.InspectionReport;
import dev.blindspot.bench.report.InspectionResult;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.zoo.Zoo;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which test images excite single units of a layer most, and which random directions. */
@Command(
    name = "inspect",
    sortOptions = false,
    description = {
      "Ranks test images by single units of a layer and by random directions of it, and tests"
          + " whether the labels of the top images are purer for units."
    })
final class InspectCommand extends BlindspotCommand {
  private static final int PERMUTATIONS = 10_000;

  @Mixin private ModelOptions subject;

  @Option(
      names = "--layer",
      paramLabel = "NAME",
      description = "Layer to inspect (default: the last hidden one, which the last dense reads).")
  private String layer;

  @Option(
      names = "--units",
      paramLabel = "N",
      defaultValue = "20",
      description =
          "The first N of a seeded shuffle of the units that are not constant"
              + " (default: ${DEFAULT-VALUE}).")
  private int units;

  @Option(
      names = "--directions",
      paramLabel = "N",
      defaultValue = "20",
      description = "Random directions (default: ${DEFAULT-VALUE}).")
  private int directions;

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "8",
      description = "Images for each unit and direction (default: ${DEFAULT-VALUE}).")
  private int top;

  @Option(
      names = "--images",
      paramLabel = "N",
      description = "Rank the first N test images of a seeded shuffle (default: all).")
  private Integer images;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for inspect.html, a page with the pictures (default: no page).")
  private Path out;

  @Override
  int execute() {
    atLeastOne("--units", units);
    atLeastOne("--directions", directions);
    atLeastOne("--top", top);
    if (images != null && images < top) {
      throw new InvalidInputException(
          "--images " + images + " are fewer than --top " + top + "; take more images");
    }
    subject.check();
    if (out != null) {
      OutputFiles.checkFolder("--out", out);
    }
    try (Backend backend = openBackend()) {
      DataSplit data = subject.loadData(seed);
      if (top > data.test().size()) {
        throw new InvalidInputException(
            "--top " + top + ": " + data.name() + " has " + data.test().size() + " test images");
      }
      if (!subject.isFile()) {
        // Before the network is trained.
        DataSet train = data.train();
        layerOf(Zoo.get(subject.model, train.sampleShape(), train.classes()).network());
      }
      try (Subject network = Models.open(subject, data, backend, this)) {
        network.checkFits(data);
        run(backend, network, data);
      }
    }
    return CommandLineTool.DONE;
  }

  private String layerOf(Network network) {
    if (layer == null) {
      return HiddenLayers.last(network);
    }
    HiddenLayers.check(network, layer);
    return layer;
  }

  private static void atLeastOne(String option, int value) {
    if (value < 1) {
      throw new InvalidInputException(option + " must be at least 1, not " + value);
    }
  }

  private void run(Backend backend, Subject network, DataSplit data) {
    DataSet test = data.test();
    int count = images == null ? test.size() : Math.min(images, test.size());
    int[] chosen = Arrays.copyOf(test.shuffled(seed), count);
    Arrays.sort(chosen); // ties go to the lower position in the split
    String name = layerOf(network.network());
    long began = System.nanoTime();
    Inspection found;
    try (Progress progress = progress("Inspecting " + name, "images, twice", 2L * count)) {
      found =
          UnitInspection.run(
              network.network(),
              network.parameters(),
              backend,
              name,
              test.subset(chosen),
              new InspectionOptions(units, directions, top, PERMUTATIONS, seed),
              done -> progress.update(done, ""));
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    report(result(backend, network, data, found, chosen, seconds), test);
  }

  private InspectionResult result(
      Backend backend,
      Subject network,
      DataSplit data,
      Inspection found,
      int[] chosen,
      double seconds) {
    return new InspectionResult(
        InspectionResult.FORMAT,
        Version.program(),
        commandLine(),
        backend.name(),
        "FP32",
        threadCount(),
        seed,
        network.name(),
        data.name(),
        found.layer(),
        found.images(),
        found.features(),
        found.deadUnits(),
        found.meanUnitPurity(),
        found.meanDirectionPurity(),
        found.permutations(),
        found.pValue(),
        inSplit(found.units(), chosen),
        inSplit(found.directions(), chosen),
        seconds);
  }

  /** The rows with positions in the test split. */
  private static List<TopImages> inSplit(List<TopImages> rows, int[] chosen) {
    return rows.stream()
        .map(
            r ->
                new TopImages(
                    r.index(),
                    r.images().stream().map(i -> chosen[i]).toList(),
                    r.labels(),
                    r.values(),
                    r.purity()))
        .toList();
  }

  private void report(InspectionResult r, DataSet test) {
    if (r.units().size() < units) {
      say(
          "Only "
              + r.units().size()
              + " units are not constant; --units "
              + units
              + " asked for more.");
    }
    if (r.deadUnits() > 0) {
      print(
          r.deadUnits()
              + " of "
              + r.features()
              + " units are constant over the images and left out.");
    }
    print(InspectionReport.sentence(r));
    if (out != null) {
      InspectionReport.write(out, r, test);
      print("Page: " + out.resolve("inspect.html"));
    }
    writeJson(r);
  }
}
