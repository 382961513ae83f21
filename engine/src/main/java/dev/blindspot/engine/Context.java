package dev.blindspot.engine;

/**
 * What one thread uses to execute plans: stream and handles or worker pool, workspace, argument
 * blocks. Belongs to one thread at a time (it may be handed over, never shared).
 */
public interface Context extends AutoCloseable {

  Backend backend();

  /** Waits for everything submitted; reports asynchronous failures. Immediate on the CPU. */
  void synchronize();

  /**
   * Runs {@code step} once to record the plans it executes, with their tensors and scalars as they
   * are now, and gives them as one replayable program. The step itself does not execute anything.
   *
   * @throws UnsupportedException if the backend cannot record
   */
  Program record(Runnable step);

  @Override
  void close();
}
