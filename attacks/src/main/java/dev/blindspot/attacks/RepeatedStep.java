package dev.blindspot.attacks;

import dev.blindspot.engine.Program;

/**
 * A step of an attack that repeats: executed as it is the first time that a batch has so many rows,
 * recorded the second time and replayed from then on, which costs the host one call. The step must
 * read nothing on the host. Owns the recorded program.
 */
final class RepeatedStep implements AutoCloseable {
  private final Batch batch;
  private final Runnable step;
  private int rows;
  private Program program;

  RepeatedStep(Batch batch, Runnable step) {
    this.batch = batch;
    this.step = step;
  }

  void run() {
    if (batch.store().rows() != rows) {
      close();
      step.run();
      rows = batch.store().rows();
      return;
    }
    if (program == null) {
      program = batch.context().record(step);
    }
    program.run();
  }

  @Override
  public void close() {
    if (program != null) {
      program.close();
      program = null;
    }
  }
}
