package dev.blindspot.nn.data;

import dev.blindspot.engine.InvalidInputException;

/** Refuses data that the Java heap cannot hold, before it is read. */
final class HeapLimit {
  /** Object header and reference of one sample's array. */
  private static final long OVERHEAD = 24;

  private HeapLimit() {}

  /** Fails if {@code samples} arrays of {@code sampleSize} bytes are more than 3/4 of the heap. */
  static void require(String what, long samples, long sampleSize) {
    double bytes = (double) samples * (sampleSize + OVERHEAD);
    long heap = Runtime.getRuntime().maxMemory();
    if (bytes > 0.75 * heap) {
      throw new InvalidInputException(
          what
              + ": "
              + samples
              + " samples of "
              + sampleSize
              + " bytes do not fit the Java heap of "
              + (heap >> 20)
              + " MiB; give java a larger -Xmx");
    }
  }
}
