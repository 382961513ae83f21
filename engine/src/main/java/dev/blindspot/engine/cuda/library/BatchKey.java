package dev.blindspot.engine.cuda.library;

import dev.blindspot.engine.ElementType;

/** A batch size with what the addresses of its tensors are multiples of, in one number. */
public final class BatchKey {
  /** Bytes that vectors of elements can be read from; what is not so aligned is read singly. */
  public static final int ALIGNED = 16;

  private BatchKey() {}

  public static long of(long n, int alignment) {
    return n * (ALIGNED + 1) + alignment;
  }

  public static long n(long key) {
    return key / (ALIGNED + 1);
  }

  public static int alignment(long key) {
    return (int) (key % (ALIGNED + 1));
  }

  /**
   * The alignment of addresses: {@link #ALIGNED} or an element's size.
   *
   * @param addresses all of them, or-ed
   */
  public static int alignment(ElementType type, long addresses) {
    return addresses % ALIGNED == 0 ? ALIGNED : type.bytes();
  }
}
