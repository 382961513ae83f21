package dev.blindspot.engine;

/**
 * A recorded sequence of plan executions, replayed as one call. It keeps addresses: the tensors it
 * was recorded with must stay open. Belongs to its context.
 */
public interface Program extends AutoCloseable {

  /** Replays the sequence. Allocates nothing. */
  void run();

  /** Number of recorded native executions. */
  int length();

  @Override
  void close();
}
