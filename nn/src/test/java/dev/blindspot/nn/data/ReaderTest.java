package dev.blindspot.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReaderTest {
  @TempDir Path dir;

  private Path write(String name, byte[] content) throws IOException {
    return Files.write(dir.resolve(name), content);
  }

  private void refused(String message, byte[] images, byte[] labels) throws IOException {
    Path i = write("images", images);
    Path l = write("labels", labels);
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> IdxReader.read("x", i, l, 0));
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertTrue(e.getMessage().contains(dir.toString()), e.getMessage());
  }

  @Test
  void readsIdxPlainAndZipped() throws IOException {
    Path i = write("i", Idx.images(3, 2, 4));
    Path l = write("l.gz", Idx.gzip(Idx.labels(2, 0, 1)));
    DataSet d = IdxReader.read("x", i, l, 0);
    assertEquals(Shape.of(1, 2, 4), d.sampleShape());
    assertEquals(3, d.classes());
    assertArrayEquals(new int[] {2, 0, 1}, d.labels());
    assertEquals((37 * 9 & 0xff) / 255f, d.image(1)[1]);
    Path z = write("i.gz", Idx.gzip(Idx.images(3, 2, 4)));
    assertEquals(d.checksum(), IdxReader.read("y", z, l, 0).checksum());
  }

  @Test
  void readsChannelsFromRankFour() throws IOException {
    Path i = write("i", Idx.file(0x804, new byte[24], 2, 3, 2, 2));
    Path l = write("l", Idx.labels(0, 1));
    assertEquals(Shape.of(3, 2, 2), IdxReader.read("x", i, l, 0).sampleShape());
  }

  @Test
  void refusesMalformedIdx() throws IOException {
    byte[] images = Idx.images(3, 2, 4);
    byte[] labels = Idx.labels(0, 1, 2);
    refused("field 'dimension 0'", Arrays.copyOf(images, 6), labels);
    refused("field 'magic'", Arrays.copyOf(images, 3), labels);
    refused("byte 0: field 'magic' is 0x00000801", labels, labels);
    refused("body", Arrays.copyOf(images, 30), labels);
    refused("goes on after", Arrays.copyOf(images, 41), labels);
    refused("has 3 images", images, Idx.labels(0, 1));
    refused("needs", Idx.file(0x803, new byte[4], 1 << 30, 2, 2), labels);
    refused("product", Idx.file(0x804, new byte[4], 1 << 30, 1 << 30, 1 << 30, 2), labels);
    refused(
        "byte 4: field 'dimension 0' is 4294967295",
        Idx.file(0x803, new byte[4], -1, 2, 2),
        labels);
    refused("needs", images, Idx.file(0x801, new byte[3], 4));
    byte[] zipped = Idx.gzip(images);
    refused("bad end of file", Arrays.copyOf(zipped, zipped.length - 9), labels);
    refused("cannot hold more", Idx.gzip(Idx.file(0x803, new byte[8], 1 << 28, 2, 1)), labels);
    byte[] garbage = Arrays.copyOf(zipped, 30);
    Arrays.fill(garbage, 10, 30, (byte) 0xff);
    refused("byte 0: field 'magic' cannot be read", garbage, labels);
  }

  @Test
  void namesTheByteOfABadLabel() throws IOException {
    Path i = write("i", Idx.images(3, 2, 4));
    Path l = write("l", Idx.labels(0, 10, 2));
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> IdxReader.read("x", i, l, 10));
    assertEquals(l + ": byte 9: label 10 is outside 0..9", e.getMessage());
  }

  @Test
  void namesMissingFiles() {
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> IdxReader.readFolder("x", dir));
    assertTrue(e.getMessage().contains("train-images-idx3-ubyte: no such file"), e.getMessage());
  }

  @Test
  void refusesWhatTheHeapCannotHold() {
    assertTrue(message(() -> HeapLimit.require("f", 1L << 40, 784)).contains("larger -Xmx"));
  }

  @Test
  void readsCifarRecords() throws IOException {
    byte[] records = new byte[2 * 3073];
    records[0] = 7;
    records[3073] = 9;
    records[3074 + 1024] = (byte) 255;
    write("data_batch_1.bin", records);
    write("test_batch.bin", records);
    DataSplit d = CifarReader.readCifar10(dir);
    assertArrayEquals(new int[] {7, 9}, d.train().labels());
    assertEquals(1f, d.test().image(1)[1024]);
    records[3073] = 10;
    write("test_batch.bin", records);
    String bad = message(() -> CifarReader.readCifar10(dir));
    assertTrue(bad.contains("byte 3073: label 10 is outside 0..9"), bad);
    write("test_batch.bin", new byte[3072]);
    String cut = message(() -> CifarReader.readCifar10(dir));
    assertTrue(cut.contains("truncated at byte 3072"), cut);
  }

  @Test
  void readsCifar100FineLabels() throws IOException {
    byte[] records = new byte[3074];
    records[0] = 19;
    records[1] = 99;
    write("train.bin", records);
    write("test.bin", records);
    assertEquals(99, CifarReader.readCifar100(dir).train().label(0));
  }

  @Test
  void readsRealCifar() {
    Path data = data("cifar10");
    DataSplit d = DataSets.load("cifar10", data, 1);
    assertEquals(Shape.of(3, 32, 32), d.train().sampleShape());
    assertEquals(10, d.test().classes());
    assertTrue(d.train().size() >= 4000 && d.test().size() >= 1000);
  }

  @Test
  void readsRealMnist() {
    DataSplit d = DataSets.load("mnist", data("mnist"), 1);
    assertEquals(60000, d.train().size());
    assertEquals(10000, d.test().size());
    assertArrayEquals(new int[] {7, 2, 1, 0, 4}, Arrays.copyOf(d.test().labels(), 5));
  }

  @Test
  void suggestsTheNearestName() {
    String m = message(() -> DataSets.load("mnits", null, 1));
    assertTrue(m.contains("'mnits' is not known; did you mean 'mnist'?"), m);
    String far = message(() -> DataSets.load("zzzzzzzz", null, 1));
    assertTrue(far.contains("is not known. There are"), far);
    assertTrue(message(() -> DataSets.load("idx:", null, 1)).contains("path"));
    assertTrue(message(() -> DataSets.load("folder:" + dir, null, 1)).contains("no PNG or JPEG"));
  }

  static Path data(String name) {
    String root = System.getenv("BLINDSPOT_DATA");
    assumeTrue(root != null, "BLINDSPOT_DATA is not set");
    assumeTrue(Files.isDirectory(Path.of(root, name)), "no " + name + " in BLINDSPOT_DATA");
    return Path.of(root, name);
  }

  static String message(org.junit.jupiter.api.function.Executable e) {
    return assertThrows(InvalidInputException.class, e).getMessage();
  }
}
