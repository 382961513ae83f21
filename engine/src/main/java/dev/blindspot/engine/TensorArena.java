package dev.blindspot.engine;

/**
 * Owns memory that tensors are views of. Tensors may be made from any thread; the memory goes when
 * the arena is closed, never before and never by the garbage collector, which only reports an arena
 * that was forgotten.
 */
public interface TensorArena extends AutoCloseable {

  /** Capacity in bytes. */
  long capacity();

  /** Bytes taken by tensors so far. */
  long used();

  /**
   * A new tensor in {@link Layout#NCHW}; its content is undefined until written.
   *
   * @throws AllocationException if the arena is full
   */
  default Tensor tensor(ElementType type, long... dims) {
    return tensor(type, Shape.of(dims), Layout.NCHW);
  }

  /** A new tensor; its content is undefined until written. */
  Tensor tensor(ElementType type, Shape shape, Layout layout);

  /** Bytes that a tensor takes in an arena: its size rounded up to the alignment of 64 bytes. */
  static long bytes(ElementType type, long elements) {
    if (elements > (Long.MAX_VALUE - 63) / type.bytes()) {
      throw new InvalidInputException(
          "A tensor of " + elements + " elements " + type + " has more bytes than a long counts");
    }
    return (elements * type.bytes() + 63) / 64 * 64;
  }

  /** Frees the memory; idempotent. Later use of its tensors throws and names where it was made. */
  @Override
  void close();
}
