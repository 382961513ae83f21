package dev.blindspot.nn.data;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files are refused by name, without much memory. */
@Timeout(120)
class DamagedFilesTest {
  private static final long MOST = 4 << 20;
  @TempDir Path dir;

  private void check(String name, byte[] good, int tries, long seed, Damage.Reader reader) {
    Damage.Count c = Damage.check(good, tries, seed, MOST, reader);
    assertTrue(c.refused() > tries / 8, name + ": " + c);
  }

  @Test
  void idx() throws IOException {
    Path labels = Files.write(dir.resolve("labels"), Idx.labels(0, 1, 2));
    Path images = dir.resolve("images");
    check(
        "idx",
        Idx.images(3, 5, 4),
        600,
        1,
        bad -> IdxReader.read("x", Files.write(images, bad), labels, 3));
    Path good = Files.write(dir.resolve("good"), Idx.images(3, 5, 4));
    check(
        "labels",
        Idx.labels(0, 1, 2),
        300,
        2,
        bad -> IdxReader.read("x", good, Files.write(images, bad), 3));
  }

  @Test
  void zippedIdx() throws IOException {
    Path labels = Files.write(dir.resolve("labels"), Idx.labels(0, 1, 2));
    Path images = dir.resolve("images.gz");
    check(
        "gz",
        Idx.gzip(Idx.images(3, 5, 4)),
        600,
        3,
        bad -> IdxReader.read("x", Files.write(images, bad), labels, 3));
  }

  @Test
  void cifar() throws IOException {
    Files.write(dir.resolve("test_batch.bin"), new byte[3073]);
    Path train = dir.resolve("data_batch_1.bin");
    check(
        "cifar",
        new byte[2 * 3073],
        150,
        4,
        bad -> {
          Files.write(train, bad);
          CifarReader.readCifar10(dir);
        });
  }

  @Test
  void images() throws IOException {
    BufferedImage image = new BufferedImage(13, 9, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 13 * 9; i++) {
      image.setRGB(i % 13, i / 13, i * 0x10305);
    }
    for (String format : new String[] {"png", "jpg"}) {
      ByteArrayOutputStream good = new ByteArrayOutputStream();
      ImageIO.write(image, format, good);
      Path folder = Files.createDirectory(dir.resolve(format));
      Path file = folder.resolve("a_1." + format);
      Damage.check(
          good.toByteArray(),
          300,
          5,
          64 << 20,
          bad -> {
            Files.write(file, bad);
            ImageFolder.read("x", folder, null);
          });
    }
  }
}
