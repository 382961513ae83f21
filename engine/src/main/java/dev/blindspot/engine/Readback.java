package dev.blindspot.engine;

import java.nio.ByteBuffer;

/**
 * A small tensor that the host looks at now and then without stopping the device: it asks for the
 * content and looks later, when the device has long passed that point. Belongs to its context's
 * thread; owns the host's copy.
 */
public interface Readback extends AutoCloseable {

  /**
   * Asks for the tensor as it will be once everything executed so far is done. Does not wait;
   * allocates nothing.
   *
   * @throws IllegalStateException while the context records
   */
  void request();

  /**
   * What the last request brought, in native byte order; overwritten by the next request. Waits
   * only if the device has not come so far.
   *
   * @throws IllegalStateException without a request before
   */
  ByteBuffer get();

  @Override
  void close();
}
