package dev.blindspot.engine.cpu;

/** Arithmetic of blocking. */
final class Blocks {
  private Blocks() {}

  /** a / b, rounded up. */
  static int ceil(int a, int b) {
    return (int) (((long) a + b - 1) / b);
  }

  /** a / b, rounded up. */
  static long ceil(long a, long b) {
    return (a + b - 1) / b;
  }

  /** The least multiple of unit that is at least a. */
  static long roundUp(long a, long unit) {
    return ceil(a, unit) * unit;
  }
}
