package dev.blindspot.nn.data;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The binary files of CIFAR-10 (records of a label and 3x32x32 bytes) and CIFAR-100 (coarse label,
 * fine label, 3x32x32 bytes; the fine label counts) (Krizhevsky 2009).
 */
public final class CifarReader {
  private static final Shape SHAPE = Shape.of(3, 32, 32);
  private static final int PIXELS = 3 * 32 * 32;

  private CifarReader() {}

  /**
   * Reads the training batches data_batch_1.bin to data_batch_5.bin that are there, at least the
   * first, and test_batch.bin.
   *
   * @throws InvalidInputException naming file and byte if a file is missing or malformed
   */
  public static DataSplit readCifar10(Path folder) {
    List<Path> train = new ArrayList<>();
    train.add(folder.resolve("data_batch_1.bin"));
    for (int i = 2; i <= 5; i++) {
      Path p = folder.resolve("data_batch_" + i + ".bin");
      if (Files.isRegularFile(p)) {
        train.add(p);
      }
    }
    return new DataSplit(
        read("cifar10", train, 1, 10),
        read("cifar10", List.of(folder.resolve("test_batch.bin")), 1, 10));
  }

  /**
   * Reads train.bin and test.bin of CIFAR-100.
   *
   * @throws InvalidInputException naming file and byte if a file is missing or malformed
   */
  public static DataSplit readCifar100(Path folder) {
    return new DataSplit(
        read("cifar100", List.of(folder.resolve("train.bin")), 2, 100),
        read("cifar100", List.of(folder.resolve("test.bin")), 2, 100));
  }

  private static DataSet read(String name, List<Path> files, int labelBytes, int classes) {
    List<byte[]> pixels = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (Path file : files) {
      readFile(file, labelBytes, classes, pixels, labels);
    }
    int[] l = labels.stream().mapToInt(Integer::intValue).toArray();
    return new DataSet(name, SHAPE, classes, pixels.toArray(byte[][]::new), l);
  }

  private static void readFile(
      Path file, int labelBytes, int classes, List<byte[]> pixels, List<Integer> labels) {
    try (BoundedInput in = new BoundedInput(file)) {
      int record = labelBytes + PIXELS;
      long length = Files.size(file);
      if (length == 0 || length % record != 0) {
        throw new InvalidInputException(
            file
                + ": truncated at byte "
                + length
                + ": not a whole number of records of "
                + record
                + " bytes");
      }
      long n = length / record;
      HeapLimit.require(file.toString(), n + pixels.size(), PIXELS);
      for (long i = 0; i < n; i++) {
        long at = in.position() + labelBytes - 1;
        int label = in.read(labelBytes, "label " + i)[labelBytes - 1] & 0xff;
        if (label >= classes) {
          throw new InvalidInputException(
              file + ": byte " + at + ": label " + label + " is outside 0.." + (classes - 1));
        }
        labels.add(label);
        pixels.add(in.read(PIXELS, "image " + i));
      }
    } catch (IOException e) {
      throw new InvalidInputException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
