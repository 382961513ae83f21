package dev.blindspot.engine;

/**
 * A recorded sequence of plan executions, replayed as one call. It keeps addresses: the arenas and
 * packed weights it was recorded with must stay open, or a replay throws. Belongs to its context.
 */
public interface Program extends AutoCloseable {

  /**
   * Replays the sequence, or appends it to the program that the context is recording. Allocates
   * nothing.
   */
  void run();

  /** Number of recorded native executions; on a GPU the nodes of the graph. */
  int length();

  @Override
  void close();
}
