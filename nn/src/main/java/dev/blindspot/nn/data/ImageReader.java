package dev.blindspot.nn.data;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageInputStream;

/** Decodes one PNG or JPEG file of 8 bits a value to [c,h,w] bytes: 1 channel gray, 3 colour. */
final class ImageReader {
  private static final long PNG_SIGNATURE = 0x89504e470d0a1a0aL;

  private ImageReader() {}

  /** A decoded image. */
  record Image(Shape shape, byte[] pixels) {}

  /**
   * @param expected the size that it must have, or null
   * @throws InvalidInputException naming the file if it is not such an image
   */
  static Image read(Path file, Shape expected) {
    checkPng(file);
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      if (in == null) {
        throw new InvalidInputException(file + ": cannot be read");
      }
      Iterator<javax.imageio.ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new InvalidInputException(file + ": byte 0: not an image (PNG or JPEG)");
      }
      javax.imageio.ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        checkSize(file, reader.getWidth(0), reader.getHeight(0), expected);
        return planes(file, reader.read(0));
      } finally {
        reader.dispose();
      }
    } catch (IOException e) {
      throw new InvalidInputException(file + ": broken image: " + e.getMessage(), e);
    } catch (InvalidInputException e) {
      throw e;
    } catch (RuntimeException e) {
      // The JDK's decoders throw all kinds of unchecked exceptions on malformed files.
      throw new InvalidInputException(file + ": broken image: " + e, e);
    }
  }

  private static void checkSize(Path file, int w, int h, Shape expected) {
    if (expected != null && (expected.dim(1) != h || expected.dim(2) != w)) {
      throw new InvalidInputException(
          file
              + ": the image is "
              + w
              + "x"
              + h
              + ", the images before it are "
              + expected.dim(2)
              + "x"
              + expected.dim(1)
              + "; all images of a folder must have one size");
    }
    // Decoding needs the samples, an int for each pixel and our bytes.
    if ((double) w * h * 16 > Runtime.getRuntime().maxMemory() / 4.0) {
      throw new InvalidInputException(
          file + ": the header declares " + w + "x" + h + " pixels, too many for this Java heap");
    }
  }

  /** Walks a PNG file's chunks: the JDK's decoder believes their lengths. */
  private static void checkPng(Path file) {
    try (var channel = Files.newByteChannel(file)) {
      ByteBuffer b = ByteBuffer.allocate(8);
      long size = channel.size();
      if (size < 8 || fill(channel, b) < 8 || b.getLong(0) != PNG_SIGNATURE) {
        return;
      }
      long at = 8;
      while (at + 12 <= size) {
        channel.position(at);
        fill(channel, b.clear());
        long length = b.getInt(0) & 0xffffffffL;
        if (length > size - at - 12) {
          throw new InvalidInputException(
              file + ": byte " + at + ": PNG chunk length " + length + " exceeds the file");
        }
        at += 12 + length;
      }
    } catch (IOException e) {
      throw new InvalidInputException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static int fill(java.nio.channels.ReadableByteChannel in, ByteBuffer b)
      throws IOException {
    while (b.hasRemaining() && in.read(b) >= 0) {
      continue;
    }
    return b.position();
  }

  private static Image planes(Path file, BufferedImage image) {
    int w = image.getWidth();
    int h = image.getHeight();
    boolean gray = image.getColorModel().getNumColorComponents() == 1;
    for (int bits : image.getSampleModel().getSampleSize()) {
      if (bits > 8) {
        throw new InvalidInputException(file + ": " + bits + " bits a value; only 8 are read");
      }
    }
    byte[] out = new byte[(gray ? 1 : 3) * h * w];
    if (gray) {
      grayPlane(image, out);
    } else {
      colourPlanes(image, out);
    }
    if (image.getColorModel().hasAlpha()) {
      checkOpaque(file, image);
    }
    return new Image(Shape.of(gray ? 1 : 3, h, w), out);
  }

  /** Stored values as they are: getRGB would apply the gray colour space's gamma. */
  private static void grayPlane(BufferedImage image, byte[] out) {
    Raster raster = image.getRaster();
    int scale = 255 / ((1 << image.getSampleModel().getSampleSize(0)) - 1);
    int[] row = new int[image.getWidth()];
    for (int y = 0, at = 0; y < image.getHeight(); y++) {
      raster.getSamples(0, y, row.length, 1, 0, row);
      for (int v : row) {
        out[at++] = (byte) (v * scale);
      }
    }
  }

  private static void colourPlanes(BufferedImage image, byte[] out) {
    int plane = image.getWidth() * image.getHeight();
    int[] row = new int[image.getWidth()];
    for (int y = 0, at = 0; y < image.getHeight(); y++) {
      image.getRGB(0, y, row.length, 1, row, 0, row.length);
      for (int v : row) {
        out[at] = (byte) (v >> 16);
        out[plane + at] = (byte) (v >> 8);
        out[2 * plane + at++] = (byte) v;
      }
    }
  }

  private static void checkOpaque(Path file, BufferedImage image) {
    int[] row = new int[image.getWidth()];
    for (int y = 0; y < image.getHeight(); y++) {
      image.getRGB(0, y, row.length, 1, row, 0, row.length);
      for (int v : row) {
        if (v >>> 24 != 255) {
          throw new InvalidInputException(
              file + ": has transparent pixels; flatten it onto a background first");
        }
      }
    }
  }
}
