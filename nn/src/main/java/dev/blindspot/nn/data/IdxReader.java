package dev.blindspot.nn.data;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * IDX files of unsigned bytes, gzipped or not (LeCun, "The MNIST database", file format): two zero
 * bytes, type 0x08, rank, the dimensions as big-endian 32-bit integers, then the values.
 */
public final class IdxReader {
  static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
  static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
  static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
  static final String TEST_LABELS = "t10k-labels-idx1-ubyte";

  private IdxReader() {}

  /** Images with the checksum of the uncompressed file. */
  record Images(Shape sampleShape, byte[][] pixels, String checksum) {}

  /** Labels with the checksum of the uncompressed file. */
  record Labels(int[] values, String checksum) {}

  /**
   * Reads one file of images [n,h,w] or [n,c,h,w] and one of labels [n].
   *
   * @param name of the data set
   * @param classes number of classes; 0 takes the largest label + 1
   * @throws InvalidInputException naming file and byte if a file is missing or malformed, or the
   *     files disagree
   */
  public static DataSet read(String name, Path images, Path labels, int classes) {
    Images i = readImages(images);
    Labels l = readLabels(labels);
    return join(name, i, images, l, labels, classes);
  }

  /**
   * Reads the four files that MNIST and its relatives come in (train-images-idx3-ubyte, ...), each
   * with or without .gz.
   *
   * @throws InvalidInputException naming file and byte if a file is missing or malformed
   */
  public static DataSplit readFolder(String name, Path folder) {
    DataSet train = read(name, find(folder, TRAIN_IMAGES), find(folder, TRAIN_LABELS), 0);
    DataSet test = read(name, find(folder, TEST_IMAGES), find(folder, TEST_LABELS), 0);
    int classes = Math.max(train.classes(), test.classes());
    return new DataSplit(train.withClasses(classes), test.withClasses(classes));
  }

  /** {@code folder/file} or {@code folder/file.gz}, the first that exists. */
  static Path find(Path folder, String file) {
    Path plain = folder.resolve(file);
    Path zipped = folder.resolve(file + ".gz");
    if (!Files.isRegularFile(plain) && !Files.isRegularFile(zipped)) {
      throw new InvalidInputException(plain + ": no such file, nor " + zipped.getFileName());
    }
    return Files.isRegularFile(plain) ? plain : zipped;
  }

  static DataSet join(
      String name, Images images, Path imageFile, Labels labels, Path labelFile, int classes) {
    int[] values = labels.values();
    if (values.length != images.pixels().length) {
      throw new InvalidInputException(
          labelFile
              + ": field 'dimension 0' is "
              + values.length
              + ", but "
              + imageFile
              + " has "
              + images.pixels().length
              + " images");
    }
    int k = classes > 0 ? classes : Arrays.stream(values).max().orElse(0) + 1;
    for (int i = 0; i < values.length; i++) {
      if (values[i] >= k) {
        throw new InvalidInputException(
            labelFile + ": byte " + (8 + i) + ": label " + values[i] + " is outside 0.." + (k - 1));
      }
    }
    return new DataSet(name, images.sampleShape(), k, images.pixels(), values);
  }

  static Images readImages(Path file) {
    try (BoundedInput in = new BoundedInput(file)) {
      int[] dims = header(in, 3, 4);
      boolean channels = dims.length == 4;
      int n = dims[0];
      Shape shape = channels ? Shape.of(dims[1], dims[2], dims[3]) : Shape.of(1, dims[1], dims[2]);
      if (shape.size() > Integer.MAX_VALUE - 8) {
        throw new InvalidInputException(file + ": byte 8: an image of " + shape + " is too large");
      }
      HeapLimit.require(file.toString(), n, shape.size());
      List<byte[]> pixels = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        pixels.add(in.read((int) shape.size(), "image " + i));
      }
      in.requireEnd();
      return new Images(shape, pixels.toArray(byte[][]::new), in.checksum());
    }
  }

  static Labels readLabels(Path file) {
    try (BoundedInput in = new BoundedInput(file)) {
      int n = header(in, 1, 1)[0];
      HeapLimit.require(file.toString(), n, 8);
      byte[] bytes = in.read(n, "labels");
      in.requireEnd();
      int[] values = new int[n];
      Arrays.setAll(values, i -> bytes[i] & 0xff);
      return new Labels(values, in.checksum());
    }
  }

  /** Magic and dimensions, checked against what the file can hold. */
  private static int[] header(BoundedInput in, int minRank, int maxRank) {
    int magic = in.readInt("field 'magic'");
    int rank = magic & 0xff;
    if (magic >>> 8 != 0x08 || rank < minRank || rank > maxRank) {
      throw new InvalidInputException(
          in.file()
              + String.format(
                  ": byte 0: field 'magic' is 0x%08x, not 0x0000080%d (IDX of unsigned bytes)",
                  magic, minRank));
    }
    int[] dims = new int[rank];
    long size = 1;
    for (int i = 0; i < rank; i++) {
      long at = in.position();
      dims[i] = in.readInt("field 'dimension " + i + "'");
      if (dims[i] < 1) {
        throw new InvalidInputException(
            in.file()
                + ": byte "
                + at
                + ": field 'dimension "
                + i
                + "' is "
                + Integer.toUnsignedString(dims[i])
                + ", not within 1..2147483647");
      }
      try {
        size = Math.multiplyExact(size, dims[i]);
      } catch (ArithmeticException e) {
        throw new InvalidInputException(
            in.file() + ": byte " + at + ": the dimensions' product exceeds 2^63", e);
      }
    }
    in.requireLeft(size, "the body of " + Arrays.toString(dims) + " bytes");
    return dims;
  }
}
