package dev.blindspot.bench;

import dev.blindspot.engine.BlindspotException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Versions that the build wrote down. */
public final class Version {
  private static final Properties PROPERTIES = read();

  private Version() {}

  /** The program's version. */
  public static String program() {
    return PROPERTIES.getProperty("version");
  }

  /** Version of the chart library that reports carry. */
  public static String chartLibrary() {
    return PROPERTIES.getProperty("chartjs");
  }

  private static Properties read() {
    Properties p = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      if (in == null) {
        throw new BlindspotException("version.properties is missing: the build is not complete");
      }
      p.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return p;
  }
}
