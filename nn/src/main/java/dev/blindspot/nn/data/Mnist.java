package dev.blindspot.nn.data;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.InvalidInputException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * MNIST (LeCun, Cortes and Burges 1998): 60,000 + 10,000 digits of 1x28x28. Files are verified by
 * the SHA-256 of their uncompressed content. They are taken from a given folder, else from {@code
 * $BLINDSPOT_DATA/mnist}, else from the cache, where they are downloaded to first. Mirrors: system
 * property {@code blindspot.mnist.mirrors}, else environment variable {@code
 * BLINDSPOT_MNIST_MIRRORS} (addresses of folders, separated by commas), else built-in ones.
 */
public final class Mnist {
  private static final String DEFAULT_MIRRORS =
      "https://ossci-datasets.s3.amazonaws.com/mnist/,"
          + "https://storage.googleapis.com/cvdf-datasets/mnist/";

  /** SHA-256 of the uncompressed files. */
  static final Map<String, String> CHECKSUMS =
      Map.of(
          IdxReader.TRAIN_IMAGES,
          "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
          IdxReader.TRAIN_LABELS,
          "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
          IdxReader.TEST_IMAGES,
          "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
          IdxReader.TEST_LABELS,
          "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2");

  private Mnist() {}

  /**
   * @param folder with the four files, gzipped or not; null to look as described above
   * @throws InvalidInputException naming file and byte if a file is missing, malformed, or not
   *     MNIST's
   * @throws dev.blindspot.engine.BlindspotException if a download fails, with each mirror's reason
   */
  public static DataSplit load(Path folder) {
    if (folder != null) {
      return read(folder);
    }
    String data = System.getenv("BLINDSPOT_DATA");
    if (data != null && Files.isDirectory(Path.of(data, "mnist"))) {
      return read(Path.of(data, "mnist"));
    }
    Path cache = CacheFolder.root().resolve("mnist");
    try {
      fetch(cache, mirrors(), CHECKSUMS);
    } catch (BlindspotException e) {
      String variable =
          data == null ? "BLINDSPOT_DATA is not set" : "there is no " + data + "/mnist";
      throw new BlindspotException(
          "MNIST is missing: "
              + missing(cache)
              + " are not in "
              + cache
              + ", "
              + variable
              + ", and the "
              + e.getMessage(),
          e);
    }
    return read(cache);
  }

  /** The files that are in a folder neither plain nor compressed. */
  private static List<String> missing(Path folder) {
    return CHECKSUMS.keySet().stream()
        .filter(f -> !Files.isRegularFile(folder.resolve(f)))
        .filter(f -> !Files.isRegularFile(folder.resolve(f + ".gz")))
        .sorted()
        .toList();
  }

  /** Downloads what is missing in {@code cache}. */
  static void fetch(Path cache, List<URI> mirrors, Map<String, String> checksums) {
    Download download = new Download(mirrors);
    for (Map.Entry<String, String> e : new LinkedHashMap<>(checksums).entrySet()) {
      download.fetch(e.getKey() + ".gz", cache, e.getValue());
    }
  }

  static List<URI> mirrors() {
    String list = System.getProperty("blindspot.mnist.mirrors");
    if (list == null || list.isBlank()) {
      list = System.getenv("BLINDSPOT_MNIST_MIRRORS");
    }
    return parseMirrors(list == null || list.isBlank() ? DEFAULT_MIRRORS : list);
  }

  static List<URI> parseMirrors(String list) {
    List<URI> found = new ArrayList<>();
    for (String part : list.split(",")) {
      String s = part.strip();
      if (s.isEmpty()) {
        continue;
      }
      try {
        URI uri = URI.create(s.endsWith("/") ? s : s + "/");
        if (!"http".equals(uri.getScheme()) && !"https".equals(uri.getScheme())) {
          throw new InvalidInputException(
              "MNIST mirror '" + s + "' must begin with http:// or https://");
        }
        found.add(uri);
      } catch (IllegalArgumentException e) {
        throw new InvalidInputException("MNIST mirror '" + s + "' is not an address", e);
      }
    }
    return found;
  }

  private static DataSplit read(Path folder) {
    List<String> missing = missing(folder);
    if (!missing.isEmpty()) {
      throw new InvalidInputException(
          "MNIST: "
              + missing
              + " are not in "
              + folder
              + ", neither plain nor with .gz; download them from one of "
              + mirrors()
              + ", or name no folder to have it done");
    }
    return new DataSplit(
        read(folder, IdxReader.TRAIN_IMAGES, IdxReader.TRAIN_LABELS),
        read(folder, IdxReader.TEST_IMAGES, IdxReader.TEST_LABELS));
  }

  private static DataSet read(Path folder, String images, String labels) {
    Path imageFile = IdxReader.find(folder, images);
    Path labelFile = IdxReader.find(folder, labels);
    IdxReader.Images i = IdxReader.readImages(imageFile);
    verify(imageFile, images, i.checksum());
    IdxReader.Labels l = IdxReader.readLabels(labelFile);
    verify(labelFile, labels, l.checksum());
    return IdxReader.join("mnist", i, imageFile, l, labelFile, 10);
  }

  private static void verify(Path file, String name, String checksum) {
    if (!checksum.equals(CHECKSUMS.get(name))) {
      throw new InvalidInputException(
          file
              + ": not MNIST's "
              + name
              + ": SHA-256 of the uncompressed file is "
              + checksum
              + ", not "
              + CHECKSUMS.get(name)
              + "; read other data of this format as idx:"
              + file.getParent());
    }
  }
}
