package dev.blindspot.engine;

/** Type of a tensor's elements. */
public enum ElementType {
  /** IEEE-754 binary32. */
  F32(4),
  /** IEEE-754 binary64. */
  F64(8),
  /** bfloat16: the upper half of a binary32. */
  BF16(2),
  /** Signed 32-bit integers: labels, indices, counters. */
  I32(4),
  /** Unsigned bytes: masks hold 0 or 1. */
  U8(1);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /** True for F32, F64 and BF16. */
  public boolean isFloating() {
    return this == F32 || this == F64 || this == BF16;
  }
}
