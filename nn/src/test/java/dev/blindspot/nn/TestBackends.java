package dev.blindspot.nn;

import java.util.stream.Stream;

/**
 * Which backends tests run on: those that every machine has, or the only one that the property
 * {@code blindspot.test.backend} names.
 */
public final class TestBackends {
  private static final String WANTED = System.getProperty("blindspot.test.backend", "");

  private TestBackends() {}

  /** The backend that a test of one runs on: cpu, or the only one wanted. */
  public static String fast() {
    return WANTED.isEmpty() ? "cpu" : WANTED;
  }

  /** Reference and cpu, or the only one wanted. */
  public static Stream<String> names() {
    return WANTED.isEmpty() ? Stream.of("reference", "cpu") : Stream.of(WANTED);
  }
}
