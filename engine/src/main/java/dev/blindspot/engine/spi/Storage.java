package dev.blindspot.engine.spi;

import dev.blindspot.engine.Backend;
import java.nio.ByteBuffer;

/** One block of a backend's memory, as {@link dev.blindspot.engine.Tensor} sees it. */
public interface Storage {

  /** The backend that can use this memory. */
  Backend backend();

  /** Address of the first byte on the device; 0 where memory has none (the reference backend). */
  long address();

  /**
   * @throws IllegalStateException if closed, naming where it was made
   */
  void checkOpen();

  /** Copies {@code dst.remaining()} bytes from {@code offset} to the host, waiting for it. */
  void read(long offset, ByteBuffer dst);

  /** Copies {@code src.remaining()} bytes from the host to {@code offset}, waiting for it. */
  void write(long offset, ByteBuffer src);
}
