package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Checksum;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The folder of one reproduction: what is in it belongs to one set of settings. */
final class RunFolder {
  private static final String NAME = "reproduction.json";
  private static final String FORMAT = "blindspot-reproduction-1";

  /**
   * What the results depend on.
   *
   * @param data checksum of training and test images
   * @param alexnet checksum of the user's network, or null
   */
  record Settings(
      String format,
      String scale,
      long seed,
      int threads,
      String device,
      String data,
      String alexnet) {

    Settings(Scale scale, long seed, int threads, String device, String data, String alexnet) {
      this(FORMAT, scale.toString(), seed, threads, device, data, alexnet);
    }
  }

  /** A file's content as a checksum; null for no file. */
  static String identity(Path file) {
    try {
      return file == null
          ? null
          : Checksum.sha256(Base64.getEncoder().encodeToString(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw new InvalidInputException(file + " cannot be read: " + e, e);
    }
  }

  private RunFolder() {}

  /**
   * Opens a folder for these settings, or makes it.
   *
   * @throws InvalidInputException if it holds something else, or results of other settings
   */
  static void open(Path folder, Settings settings) {
    Path file = folder.resolve(NAME);
    if (Files.exists(file)) {
      check(file, settings);
      return;
    }
    if (!isEmpty(folder)) {
      throw new InvalidInputException(
          "--out "
              + folder
              + " holds other files and no "
              + NAME
              + "; give an empty or a new folder");
    }
    OutputFiles.write(file, Json.text(settings) + "\n");
  }

  private static boolean isEmpty(Path folder) {
    if (!Files.exists(folder)) {
      return true;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    } catch (IOException e) {
      throw new BlindspotException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static void check(Path file, Settings wanted) {
    Settings kept;
    try {
      kept = Json.parse(Files.readString(file), Settings.class);
    } catch (IOException | InvalidInputException e) {
      throw new InvalidInputException(
          "Resume: "
              + file
              + " cannot be read: "
              + e.getMessage()
              + ". Nothing was overwritten. Give another --out to start afresh",
          e);
    }
    List<String> differ = new ArrayList<>();
    differ(differ, "format", kept.format(), wanted.format());
    differ(differ, "--scale", kept.scale(), wanted.scale());
    differ(differ, "--seed", kept.seed(), wanted.seed());
    differ(differ, "--threads", kept.threads(), wanted.threads());
    differ(differ, "--device", kept.device(), wanted.device());
    differ(differ, "data", kept.data(), wanted.data());
    differ(differ, "--alexnet", kept.alexnet(), wanted.alexnet());
    if (!differ.isEmpty()) {
      throw new InvalidInputException(
          "Resume: "
              + file.getParent()
              + " holds a reproduction with "
              + String.join(", ", differ)
              + ". Nothing was overwritten. Run it with the same settings to go on, or give another"
              + " --out to start afresh");
    }
  }

  private static void differ(List<String> differ, String name, Object kept, Object wanted) {
    if (!Objects.equals(kept, wanted)) {
      differ.add(name + " " + kept + ", not " + wanted);
    }
  }
}
