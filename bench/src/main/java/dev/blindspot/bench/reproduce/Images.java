package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.bench.report.Pixels;
import dev.blindspot.engine.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** PNG files of a reproduction. */
final class Images {
  private Images() {}

  /**
   * Writes values in [0,1] of the data's sample shape as a picture.
   *
   * @param name without folder and ending
   * @return the file, relative to the reproduction's folder
   */
  static String write(Reproduction r, String name, float[] x) {
    Shape s = r.test().sampleShape();
    return write(r, name, Pixels.png((int) s.dim(0), (int) s.dim(1), (int) s.dim(2), x));
  }

  /** Writes the bytes of a PNG file likewise. */
  static String write(Reproduction r, String name, byte[] png) {
    String file = "images/" + name + ".png";
    OutputFiles.write(r.folder().resolve(file), png);
    return file;
  }

  /** The file as a data URI. */
  static String uri(Path file) {
    try {
      return "data:image/png;base64,"
          + Base64.getEncoder().encodeToString(Files.readAllBytes(file));
    } catch (IOException e) {
      throw Kept.damaged(file, "a picture of the report: " + e.getMessage());
    }
  }
}
