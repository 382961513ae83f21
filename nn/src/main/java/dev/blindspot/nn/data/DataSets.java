package dev.blindspot.nn.data;

import dev.blindspot.engine.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * Data sets by name:
 *
 * <ul>
 *   <li>{@code synthetic}: drawn by {@link SyntheticDigits}, downloads nothing
 *   <li>{@code mnist}: see {@link Mnist}
 *   <li>{@code cifar10}, {@code cifar100}: see {@link CifarReader}; from the given folder, else
 *       {@code $BLINDSPOT_DATA/cifar10} or {@code .../cifar100}
 *   <li>{@code idx:FOLDER}: four IDX files named like MNIST's; {@code idx:IMAGES,LABELS}: two
 *       files, a fifth of them for testing
 *   <li>{@code folder:FOLDER} or {@code folder:FOLDER/PATTERN}: see {@link ImageFolder}; with
 *       sub-folders train and test these, else a fifth for testing
 * </ul>
 */
public final class DataSets {
  /** Part of the samples that is kept for testing where the data does not say. */
  private static final double TEST_SHARE = 0.2;

  private static final List<String> NAMES =
      List.of("synthetic", "mnist", "cifar10", "cifar100", "idx:", "folder:");

  private DataSets() {}

  /** The names that {@link #load} knows; those with a colon are followed by a path. */
  public static List<String> names() {
    return NAMES;
  }

  /**
   * Loads a data set.
   *
   * @param name one of {@link #names}
   * @param folder with the files, for names without a path; null for the usual places
   * @param seed of what is drawn or split at random
   * @throws InvalidInputException if there is no such data set, with the nearest name, or its files
   *     are bad, naming file and byte
   */
  public static DataSplit load(String name, Path folder, long seed) {
    if (name.startsWith("idx:")) {
      return idx(name, path(name, name.substring(4)), seed);
    }
    if (name.startsWith("folder:")) {
      return folder(name, path(name, name.substring(7)), seed);
    }
    return switch (name) {
      case "synthetic" -> SyntheticDigits.draw(seed);
      case "mnist" -> Mnist.load(folder);
      case "cifar10" -> CifarReader.readCifar10(folderOf(name, folder));
      case "cifar100" -> CifarReader.readCifar100(folderOf(name, folder));
      default ->
          throw new InvalidInputException(
              "Data set '"
                  + name
                  + "' is not known"
                  + NearestName.suggestion(name, NAMES)
                  + " There are "
                  + NAMES);
    };
  }

  private static Path folderOf(String name, Path folder) {
    if (folder != null) {
      return folder;
    }
    String data = System.getenv("BLINDSPOT_DATA");
    if (data == null) {
      throw new InvalidInputException(
          "Data set " + name + ": give its folder (--data-dir), or set BLINDSPOT_DATA");
    }
    return Path.of(data, name);
  }

  private static Path path(String name, String path) {
    if (path.isBlank()) {
      throw new InvalidInputException("Data set '" + name + "': a path must follow the colon");
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw new InvalidInputException("Data set '" + name + "': not a path: " + e.getMessage(), e);
    }
  }

  private static DataSplit idx(String name, Path path, long seed) {
    String text = path.toString();
    int comma = text.indexOf(',');
    if (comma < 0) {
      return IdxReader.readFolder(name, path);
    }
    Path images = path(name, text.substring(0, comma));
    Path labels = path(name, text.substring(comma + 1));
    return IdxReader.read(name, images, labels, 0).split(TEST_SHARE, seed);
  }

  private static DataSplit folder(String name, Path path, long seed) {
    String last = path.getFileName() == null ? "" : path.getFileName().toString();
    if (last.contains("*") || last.contains("?")) {
      Path parent = path.getParent() == null ? Path.of(".") : path.getParent();
      return ImageFolder.read(name, parent, last).split(TEST_SHARE, seed);
    }
    if (Files.isDirectory(path.resolve("train")) && Files.isDirectory(path.resolve("test"))) {
      return ImageFolder.readSplit(name, path);
    }
    return ImageFolder.read(name, path, null).split(TEST_SHARE, seed);
  }
}
