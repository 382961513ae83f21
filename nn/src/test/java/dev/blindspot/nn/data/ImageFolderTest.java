package dev.blindspot.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
  @TempDir Path dir;

  private Path png(String name, int type, int w, int h) throws IOException {
    BufferedImage image = new BufferedImage(w, h, type);
    for (int band = 0; band < image.getRaster().getNumBands(); band++) {
      for (int i = 0; i < w * h; i++) {
        image.getRaster().setSample(i % w, i / w, band, 10 * i + 100 * band);
      }
    }
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
    return file;
  }

  @Test
  void grayValuesAreKeptAsStored() throws IOException {
    png("a_7.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    DataSet d = ImageFolder.read("x", dir, null);
    assertEquals(Shape.of(1, 2, 3), d.sampleShape());
    assertArrayEquals(new byte[] {0, 10, 20, 30, 40, 50}, d.bytes(0));
    assertEquals(7, d.label(0));
    assertEquals(8, d.classes());
  }

  @Test
  void coloursBecomePlanes() throws IOException {
    png("a_0.png", BufferedImage.TYPE_INT_RGB, 2, 1);
    DataSet d = ImageFolder.read("x", dir, null);
    assertArrayEquals(new byte[] {0, 10, 100, 110, (byte) 200, (byte) 210}, d.bytes(0));
  }

  @Test
  void subFoldersAreClasses() throws IOException {
    png("cat/1.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    png("ant/2.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    png("ant/9.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    DataSet d = ImageFolder.read("x", dir, null);
    assertArrayEquals(new int[] {0, 0, 1}, d.labels());
    assertEquals(2, d.classes());
  }

  @Test
  void trainAndTestFoldersMustHaveTheSameClasses() throws IOException {
    png("train/a/1.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    png("train/b/1.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    png("test/b/1.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    String m = ReaderTest.message(() -> DataSets.load("folder:" + dir, null, 1));
    assertTrue(m.contains("[b] are not those of"), m);
    png("test/a/1.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    assertEquals(2, DataSets.load("folder:" + dir, null, 1).test().size());
  }

  @Test
  void refusesDifferingSizesAndChannels() throws IOException {
    png("a_1.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    Path b = png("b_1.png", BufferedImage.TYPE_BYTE_GRAY, 2, 2);
    String m = ReaderTest.message(() -> ImageFolder.read("x", dir, null));
    assertTrue(m.startsWith(b + ": the image is 2x2, the images before it are 3x2"), m);
    png("b_1.png", BufferedImage.TYPE_INT_RGB, 3, 2);
    assertTrue(ReaderTest.message(() -> ImageFolder.read("x", dir, null)).contains("channels"));
  }

  @Test
  void refusesWhatIsNoImage() throws IOException {
    Path a = Files.write(dir.resolve("a_1.png"), new byte[] {1, 2, 3});
    String m = ReaderTest.message(() -> ImageFolder.read("x", dir, null));
    assertEquals(a + ": byte 0: not an image (PNG or JPEG)", m);
    Files.delete(a);
    png("none.png", BufferedImage.TYPE_BYTE_GRAY, 3, 2);
    m = ReaderTest.message(() -> ImageFolder.read("x", dir, null));
    assertTrue(m.contains("none.png: no class"), m);
    m = ReaderTest.message(() -> ImageFolder.read("x", dir.resolve("absent"), null));
    assertTrue(m.contains("absent: no such folder"), m);
  }

  @Test
  void refusesBrokenPng() throws IOException {
    Path a = png("a_1.png", BufferedImage.TYPE_BYTE_GRAY, 30, 20);
    byte[] good = Files.readAllBytes(a);
    Files.write(a, Arrays.copyOf(good, good.length / 2));
    String m = ReaderTest.message(() -> ImageFolder.read("x", dir, null));
    assertTrue(m.startsWith(a + ": "), m);
    byte[] huge = good.clone();
    ByteBuffer.wrap(huge).putInt(16, 1 << 30).putInt(20, 1 << 30);
    Files.write(a, huge);
    m = ReaderTest.message(() -> ImageFolder.read("x", dir, null));
    assertTrue(m.contains("too many") || m.contains("broken"), m);
    byte[] chunk = good.clone();
    ByteBuffer.wrap(chunk).putInt(33, 0x7fffffff);
    Files.write(a, chunk);
    m = ReaderTest.message(() -> ImageFolder.read("x", dir, null));
    assertTrue(m.contains("byte 33: PNG chunk length 2147483647"), m);
  }

  @Test
  void readsRealPicturesByPattern() {
    Path images = ReaderTest.data("images");
    DataSplit d = DataSets.load("folder:" + images + "/mnist_*.png", null, 1);
    assertEquals(Shape.of(1, 28, 28), d.train().sampleShape());
    assertEquals(20, d.train().size() + d.test().size());
    DataSet cifar = ImageFolder.read("x", images, "cifar10_*.png");
    assertEquals(Shape.of(3, 32, 32), cifar.sampleShape());
    assertEquals(3, cifar.label(0));
    DataSet photo = ImageFolder.read("x", images, "imagenet_00_*.jpg");
    assertEquals(Shape.of(3, 512, 512), photo.sampleShape());
    assertEquals(243, photo.label(0));
  }
}
