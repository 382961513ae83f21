package dev.blindspot.bench.report;

import dev.blindspot.engine.BlindspotException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import javax.imageio.ImageIO;

/** Pixels as PNG in data URIs. */
public final class Pixels {
  private Pixels() {}

  /** Values in [0,1] as they are. */
  public static String image(Picture p, float[] values) {
    return image(p.channels(), p.height(), p.width(), values);
  }

  /** Values [channels, height, width] in [0,1], 1 channel (grey) or 3 (red, green, blue). */
  public static String image(int channels, int height, int width, float[] values) {
    return uri(png(channels, height, width, values));
  }

  /** The same as the bytes of a PNG file. */
  public static byte[] png(int channels, int height, int width, float[] values) {
    int[] levels = new int[values.length];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = clamp(255.0 * values[i]);
    }
    return png(channels, height, width, levels);
  }

  /** The difference ten times magnified round mid-grey, as in the paper's figures. */
  public static String difference(Picture p) {
    return uri(differencePng(p));
  }

  /** The same as the bytes of a PNG file. */
  public static byte[] differencePng(Picture p) {
    int[] levels = new int[p.original().length];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = clamp(128 + 10 * 255 * ((double) p.adversarial()[i] - p.original()[i]));
    }
    return png(p.channels(), p.height(), p.width(), levels);
  }

  private static String uri(byte[] png) {
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
  }

  private static int clamp(double v) {
    return (int) Math.max(0, Math.min(255, Math.round(v)));
  }

  /** [channels, height, width] levels as the bytes of a PNG file. */
  private static byte[] png(int channels, int height, int width, int[] levels) {
    boolean grey = channels == 1;
    BufferedImage image =
        new BufferedImage(
            width, height, grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
    int plane = width * height;
    for (int i = 0; i < plane; i++) {
      int x = i % width;
      int y = i / width;
      if (grey) {
        image.getRaster().setSample(x, y, 0, levels[i]);
      } else {
        image.setRGB(x, y, levels[i] << 16 | levels[plane + i] << 8 | levels[2 * plane + i]);
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(image, "png", out)) {
        throw new BlindspotException("This Java has no PNG writer; use a JDK with java.desktop");
      }
    } catch (IOException e) {
      throw new BlindspotException("A picture cannot be encoded: " + e.getMessage(), e);
    }
    return out.toByteArray();
  }
}
