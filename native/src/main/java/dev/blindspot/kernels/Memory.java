package dev.blindspot.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;

/** Native memory as Java sees it. */
public final class Memory {
  private Memory() {}

  /**
   * A buffer in native order over memory that somebody else owns; using it after that memory was
   * freed is undefined.
   */
  public static ByteBuffer view(long address, int bytes) {
    return new View(address, bytes).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  /** A pointer that owns nothing. */
  private static final class View extends BytePointer {
    View(long address, int bytes) {
      this.address = address;
      this.capacity = bytes;
      this.limit = bytes;
    }
  }
}
