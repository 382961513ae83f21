package dev.blindspot.engine.primitives;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;

/** Validation shared by the descs. */
final class Check {
  private Check() {}

  static void positive(String where, String name, long value) {
    if (value < 1) {
      throw new InvalidInputException(where + ": " + name + " must be at least 1, not " + value);
    }
  }

  static void notNegative(String where, String name, long value) {
    if (value < 0) {
      throw new InvalidInputException(where + ": " + name + " must not be negative: " + value);
    }
  }

  static void floating(String where, ElementType type) {
    if (type != ElementType.F32 && type != ElementType.F64) {
      throw new InvalidInputException(where + ": element type must be F32 or F64, not " + type);
    }
  }

  static void rows(String where, long n, long length) {
    positive(where, "n", n);
    positive(where, "row length", length);
  }

  static void that(boolean condition, String message) {
    if (!condition) {
      throw new InvalidInputException(message);
    }
  }
}
