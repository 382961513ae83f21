package dev.blindspot.nn.data;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;

/**
 * Labelled images. Kept as one byte a value, 0..255, and converted when read: value / 255, rounded
 * to the type asked for, so images lie in [0,1]. Immutable and shareable between threads; a {@link
 * #subset} shares the pixels.
 */
public final class DataSet {
  private static final float[] UNIT = new float[256];

  static {
    for (int i = 0; i < 256; i++) {
      UNIT[i] = i / 255f;
    }
  }

  private final String name;
  private final Shape sampleShape;
  private final int classes;
  private final byte[][] pixels;
  private final int[] labels;
  private volatile String checksum;

  /**
   * Takes ownership of the arrays: the caller must not write to them any more.
   *
   * @param name for reports and errors
   * @param sampleShape [c,h,w] of one sample
   * @param classes number of classes
   * @param pixels for each sample c*h*w unsigned bytes, channel by channel, row by row
   * @param labels for each sample its class, 0..classes-1
   * @throws InvalidInputException if lengths disagree, or a label is out of range
   */
  public DataSet(String name, Shape sampleShape, int classes, byte[][] pixels, int[] labels) {
    if (sampleShape.rank() != 3 || sampleShape.size() < 1) {
      throw new InvalidInputException(
          "Data set " + name + ": a sample must have the shape [c,h,w], not " + sampleShape);
    }
    if (pixels.length != labels.length) {
      throw new InvalidInputException(
          "Data set " + name + ": " + pixels.length + " images but " + labels.length + " labels");
    }
    for (int i = 0; i < pixels.length; i++) {
      if (pixels[i].length != sampleShape.size()) {
        throw new InvalidInputException(
            "Data set "
                + name
                + ": sample "
                + i
                + " has "
                + pixels[i].length
                + " values, not "
                + sampleShape.size());
      }
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new InvalidInputException(
            "Data set "
                + name
                + ": label "
                + labels[i]
                + " of sample "
                + i
                + " is outside 0.."
                + (classes - 1));
      }
    }
    this.name = name;
    this.sampleShape = sampleShape;
    this.classes = classes;
    this.pixels = pixels;
    this.labels = labels;
  }

  /** The name, for reports and errors. */
  public String name() {
    return name;
  }

  /** [c,h,w] of one sample. */
  public Shape sampleShape() {
    return sampleShape;
  }

  /** Number of values of one sample: c*h*w. */
  public int sampleSize() {
    return (int) sampleShape.size();
  }

  /** Number of samples. */
  public int size() {
    return labels.length;
  }

  /** Number of classes; labels are 0..classes-1. */
  public int classes() {
    return classes;
  }

  /** Class of a sample. */
  public int label(int sample) {
    return labels[sample];
  }

  /** A copy of all labels. */
  public int[] labels() {
    return labels.clone();
  }

  /** A new array [c,h,w] with a sample's values in [0,1]. */
  public float[] image(int sample) {
    float[] x = new float[sampleSize()];
    convert(pixels[sample], x, 0);
    return x;
  }

  /**
   * Writes samples {@code from..to-1} as [to-from,c,h,w] to {@code dst} from element {@code at} on.
   * Allocates nothing.
   */
  public void read(int from, int to, float[] dst, int at) {
    checkRange(from, to, size());
    checkRoom(to - from, dst.length - (long) at);
    for (int i = from; i < to; i++) {
      convert(pixels[i], dst, at + (i - from) * sampleSize());
    }
  }

  /**
   * Writes the samples {@code order[from..to-1]} as [to-from,c,h,w] to {@code dst} from element
   * {@code at} on. Allocates nothing.
   */
  public void read(int[] order, int from, int to, float[] dst, int at) {
    checkRange(from, to, order.length);
    checkRoom(to - from, dst.length - (long) at);
    for (int i = from; i < to; i++) {
      convert(pixels[order[i]], dst, at + (i - from) * sampleSize());
    }
  }

  /** Writes the labels of the samples {@code order[from..to-1]} to {@code dst} from {@code at}. */
  public void readLabels(int[] order, int from, int to, int[] dst, int at) {
    checkRange(from, to, order.length);
    for (int i = from; i < to; i++) {
      dst[at + i - from] = labels[order[i]];
    }
  }

  /**
   * Writes samples {@code from..to-1} to a tensor [to-from,...] of F32 or F64 with rows of c*h*w
   * elements. Allocates a staging buffer: not for hot paths.
   */
  public void copyTo(int from, int to, Tensor dst) {
    checkRange(from, to, size());
    int[] order = new int[to - from];
    Arrays.setAll(order, i -> from + i);
    copyTo(order, 0, order.length, dst);
  }

  /**
   * Writes the samples {@code order[from..to-1]} to a tensor as {@link #copyTo(int,int,Tensor)}.
   */
  public void copyTo(int[] order, int from, int to, Tensor dst) {
    checkRange(from, to, order.length);
    if (dst.size() != (long) (to - from) * sampleSize()) {
      throw new InvalidInputException(
          "Data set "
              + name
              + ": "
              + (to - from)
              + " samples "
              + sampleShape
              + " do not fit a tensor "
              + dst);
    }
    if (dst.type() == ElementType.F64) {
      double[] x = new double[Math.toIntExact(dst.size())];
      for (int i = from, at = 0; i < to; i++) {
        for (byte v : pixels[order[i]]) {
          x[at++] = (v & 0xff) / 255.0;
        }
      }
      dst.copyFrom(x);
    } else {
      float[] x = new float[Math.toIntExact(dst.size())];
      read(order, from, to, x, 0);
      dst.copyFrom(x);
    }
  }

  /** These samples in this order; shares the pixels. */
  public DataSet subset(int[] order) {
    byte[][] p = new byte[order.length][];
    int[] l = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      p[i] = pixels[order[i]];
      l[i] = labels[order[i]];
    }
    return new DataSet(name, sampleShape, classes, p, l);
  }

  /** The first {@code count} samples, or all if there are fewer; shares the pixels. */
  public DataSet first(int count) {
    int n = Math.min(count, size());
    return new DataSet(
        name, sampleShape, classes, Arrays.copyOf(pixels, n), Arrays.copyOf(labels, n));
  }

  /** The same samples with another number of classes. */
  DataSet withClasses(int count) {
    return count == classes ? this : new DataSet(name, sampleShape, count, pixels, labels);
  }

  /**
   * Splits by a seeded shuffle.
   *
   * @param testShare part of the samples that becomes the test set, at least one
   */
  public DataSplit split(double testShare, long seed) {
    int test = Math.max(1, (int) Math.round(testShare * size()));
    if (!(testShare > 0) || test >= size()) {
      throw new InvalidInputException(
          "Data set "
              + name
              + ": cannot split "
              + size()
              + " samples with a test share of "
              + testShare);
    }
    int[] order = shuffled(seed);
    return new DataSplit(
        subset(Arrays.copyOfRange(order, test, order.length)), subset(Arrays.copyOf(order, test)));
  }

  /** The indices of all samples, shuffled by {@code seed}. */
  public int[] shuffled(long seed) {
    return shuffled(size(), seed);
  }

  /** 0..n-1 shuffled by {@code seed} (Fisher and Yates); the same on every machine. */
  public static int[] shuffled(int n, long seed) {
    int[] order = new int[n];
    Arrays.setAll(order, i -> i);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = n - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int t = order[i];
      order[i] = order[j];
      order[j] = t;
    }
    return order;
  }

  /** SHA-256 (hex) of shape, number of classes, labels and pixels: the content's identity. */
  public String checksum() {
    String c = checksum;
    if (c == null) {
      MessageDigest sha = sha256();
      sha.update(
          (sampleShape + " " + classes + " " + size() + "\n").getBytes(StandardCharsets.US_ASCII));
      ByteBuffer label = ByteBuffer.allocate(4);
      for (int i = 0; i < size(); i++) {
        sha.update(label.putInt(0, labels[i]).array());
        sha.update(pixels[i]);
      }
      checksum = c = HexFormat.of().formatHex(sha.digest());
    }
    return c;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The bytes of a sample, shared: for this package's tests and writers only. */
  byte[] bytes(int sample) {
    return pixels[sample];
  }

  private static void convert(byte[] from, float[] dst, int at) {
    for (int i = 0; i < from.length; i++) {
      dst[at + i] = UNIT[from[i] & 0xff];
    }
  }

  private void checkRange(int from, int to, int length) {
    if (from < 0 || to < from || to > length) {
      throw new InvalidInputException(
          "Data set " + name + ": samples " + from + ".." + to + " of " + length);
    }
  }

  private void checkRoom(int samples, long room) {
    if ((long) samples * sampleSize() > room) {
      throw new InvalidInputException(
          "Data set "
              + name
              + ": "
              + samples
              + " samples "
              + sampleShape
              + " need "
              + (long) samples * sampleSize()
              + " elements, there are "
              + room);
    }
  }

  @Override
  public String toString() {
    return name + " " + size() + " x " + sampleShape;
  }
}
