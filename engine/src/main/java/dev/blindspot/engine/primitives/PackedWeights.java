package dev.blindspot.engine.primitives;

/**
 * Weights in an implementation's own form: they own their memory, are immutable but for an explicit
 * repack, and may be shared between threads and contexts.
 */
public interface PackedWeights extends AutoCloseable {

  /** Bytes held. */
  long bytes();

  @Override
  void close();
}
