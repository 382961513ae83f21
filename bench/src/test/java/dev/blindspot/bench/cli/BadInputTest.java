package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Bad files given to the audit: one sentence, exit code 2, and the older result stays. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
  @TempDir static Path shared;

  private Path out;
  private byte[] good;

  @BeforeAll
  void trainOnce() throws IOException {
    Path model = shared.resolve("good.onnx");
    Cli.Run r = Cli.run("train", "--model", "fc10", "--out", model.toString(), "--quiet");
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    good = Files.readAllBytes(model);
  }

  @BeforeEach
  void olderResult(@TempDir Path folder) throws IOException {
    out = folder.resolve("out");
    Files.createDirectories(out);
    Files.writeString(out.resolve("audit.json"), "older");
  }

  private void refused(List<String> words, String... more) throws IOException {
    String[] args = {"audit", "--examples", "3", "--quiet", "--out", out.toString()};
    String[] line = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, line, args.length, more.length);
    Cli.Run r = Cli.run(line);
    assertEquals(CommandLineTool.BAD_INPUT, r.code(), r.err());
    assertEquals("", r.out());
    assertEquals(1, r.err().lines().count(), r.err());
    assertTrue(r.sentence().startsWith("blindspot: "), r.err());
    for (String word : words) {
      assertTrue(r.sentence().contains(word), "'" + word + "' in: " + r.sentence());
    }
    assertEquals("older", Files.readString(out.resolve("audit.json")), "the older result stays");
    try (Stream<Path> files = Files.list(out)) {
      assertEquals(1, files.count(), "nothing is written");
    }
  }

  private String file(String name, byte[] content) throws IOException {
    return Files.write(shared.resolve(name), content).toString();
  }

  @Test
  void truncatedModel() throws IOException {
    String file = file("truncated.onnx", Arrays.copyOf(good, good.length / 2));
    refused(List.of("truncated.onnx"), "--model", file);
    refused(List.of("empty.onnx"), "--model", file("empty.onnx", new byte[0]));
  }

  @Test
  void weightThatIsNotANumber() throws IOException {
    byte[] bad = good.clone();
    // Wherever the floats begin, eight bytes of ones hold a whole one: NaN.
    Arrays.fill(bad, bad.length / 2, bad.length / 2 + 8, (byte) 0xff);
    refused(List.of("nan.onnx", "NaN"), "--model", file("nan.onnx", bad));
    byte[] infinite = good.clone();
    for (int i = 0; i < 2; i++) { // 7f800000, little endian, at the two even alignments
      byte[] pattern = {0, 0, (byte) 0x80, 0x7f};
      int at = floatAt(good) + 4 * i;
      System.arraycopy(pattern, 0, infinite, at, 4);
    }
    refused(List.of("inf.onnx", "Infinity"), "--model", file("inf.onnx", infinite));
  }

  /** Byte where a float of the largest tensor of fc10 begins, 784 x 10 numbers. */
  private static int floatAt(byte[] model) {
    ByteBuffer bytes = ByteBuffer.wrap(model);
    // raw_data of 31360 bytes: its length as a varint (80 f5 01) stands in front.
    for (int i = 0; i + 3 < model.length; i++) {
      if (bytes.get(i) == (byte) 0x80 && bytes.get(i + 1) == (byte) 0xf5 && bytes.get(i + 2) == 1) {
        return i + 3;
      }
    }
    throw new AssertionError("the weights were not found in the file");
  }

  private Path idx(String name, int images, int size, int... labels) throws IOException {
    Path folder = Files.createDirectories(shared.resolve(name));
    byte[] pixels = new byte[images * size * size];
    Arrays.fill(pixels, (byte) 100);
    byte[] answers = new byte[labels.length];
    for (int i = 0; i < labels.length; i++) {
      answers[i] = (byte) labels[i];
    }
    for (String split : new String[] {"train", "t10k"}) {
      Files.write(
          folder.resolve(split + "-images-idx3-ubyte"),
          ByteBuffer.allocate(16 + pixels.length)
              .putInt(0x803)
              .putInt(images)
              .putInt(size)
              .putInt(size)
              .put(pixels)
              .array());
      Files.write(
          folder.resolve(split + "-labels-idx1-ubyte"),
          ByteBuffer.allocate(8 + answers.length)
              .putInt(0x801)
              .putInt(labels.length)
              .put(answers)
              .array());
    }
    return folder;
  }

  @Test
  void imagesThatAreTruncatedOrMissing() throws IOException {
    Path folder = idx("short", 4, 28, 0, 1, 2, 3);
    Path images = folder.resolve("t10k-images-idx3-ubyte");
    Files.write(images, Arrays.copyOf(Files.readAllBytes(images), 1000));
    refused(List.of("t10k-images-idx3-ubyte"), "--data", "idx:" + folder);
    Files.delete(images);
    refused(List.of("t10k-images"), "--data", "idx:" + folder);
  }

  @Test
  void imagesOfAnotherShapeThanTheNetworks() throws IOException {
    Path folder = idx("small", 4, 9, 0, 1, 2, 3);
    String model = file("shape.onnx", good);
    refused(List.of("[1,9,9]"), "--data", "idx:" + folder, "--model", model);
  }

  @Test
  void labelsThatAreTooManyOrHaveNoClass() throws IOException {
    Path folder = idx("labels", 4, 28, 0, 1, 2, 3, 4);
    refused(List.of("4", "5"), "--data", "idx:" + folder);
    Path wide = idx("wide", 4, 28, 0, 1, 2, 200);
    refused(
        List.of("10 outputs", "201 classes"),
        "--data",
        "idx:" + wide,
        "--model",
        file("classes.onnx", good));
  }

  @Test
  void picturesThatCannotBeRead() throws IOException {
    Path folder = shared.resolve("pictures");
    for (String name : new String[] {"a/1.png", "a/2.png", "b/1.png", "b/2.png"}) {
      Files.createDirectories(folder.resolve(name).getParent());
      Files.write(folder.resolve(name), new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
    }
    refused(List.of(".png"), "--data", "folder:" + folder);
    refused(List.of("nowhere"), "--data", "folder:" + shared.resolve("nowhere"));
  }

  @Test
  void missingModel() throws IOException {
    refused(
        List.of("missing.onnx", "no such file"), "--model", shared.resolve("missing.onnx") + "");
  }
}
