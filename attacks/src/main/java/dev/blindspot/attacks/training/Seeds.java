package dev.blindspot.attacks.training;

/** Seeds made of several numbers. */
final class Seeds {
  private Seeds() {}

  /** A seed that depends on every part and on their order. */
  static long mix(long... parts) {
    long h = 0x9E3779B97F4A7C15L;
    for (long p : parts) {
      h = (h ^ p) * 0xBF58476D1CE4E5B9L;
      h ^= h >>> 31;
    }
    return h;
  }
}
