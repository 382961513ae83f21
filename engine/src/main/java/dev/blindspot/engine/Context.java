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
   * Whether a call may return before its work is done. A host that is not to stop the device looks
   * at results late then, through a {@link Readback}.
   */
  default boolean asynchronous() {
    return false;
  }

  /**
   * Copies numbers into a tensor, in the order of executions: what was executed before reads the
   * old content. Returns when {@code src} may change, which on an asynchronous context is before
   * the tensor does; for what a loop brings in step by step.
   *
   * @throws InvalidInputException unless the tensor is F32 and as large as {@code src}
   * @throws IllegalStateException while the context records
   */
  default void upload(float[] src, Tensor dst) {
    dst.copyFrom(src);
  }

  /** The same of I32. */
  default void upload(int[] src, Tensor dst) {
    dst.copyFrom(src);
  }

  /** A way to look at this tensor without waiting. */
  default Readback readback(Tensor tensor) {
    return new HostReadback(tensor);
  }

  /**
   * Runs {@code step} and waits for what it submits.
   *
   * @return seconds that the device took, by its own clock: on a GPU from the first execution's
   *     start to the last one's end, between two events; on the CPU the time of the call
   */
  default double time(Runnable step) {
    synchronize();
    long start = System.nanoTime();
    step.run();
    synchronize();
    return (System.nanoTime() - start) * 1e-9;
  }

  /**
   * The same, but {@code before} is submitted first and is not timed: nothing waits between the
   * two, so that a GPU has work while the host submits {@code step}.
   */
  default double time(Runnable before, Runnable step) {
    before.run();
    return time(step);
  }

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
