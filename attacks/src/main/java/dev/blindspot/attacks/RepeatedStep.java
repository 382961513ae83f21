package dev.blindspot.attacks;

import dev.blindspot.engine.Program;
import java.util.HashMap;
import java.util.Map;

/**
 * A step of an attack that repeats: for each number of rows executed as it is the first time, so
 * that nothing remains to be prepared, recorded the second time and replayed from then on, which
 * costs the host one call. The step must read nothing on the host. Owns the recorded programs, and
 * keeps them to its end: closing one waits for the device.
 */
final class RepeatedStep implements AutoCloseable {
  private final Batch batch;
  private final Runnable step;
  private final Map<Integer, Program> programs = new HashMap<>();
  private int rows;

  /** Of that many rows; null until recorded. */
  private Program program;

  RepeatedStep(Batch batch, Runnable step) {
    this.batch = batch;
    this.step = step;
  }

  void run() {
    int now = batch.store().rows();
    if (now != rows) {
      rows = now;
      program = programs.get(now);
      if (program == null) {
        step.run();
        return;
      }
    } else if (program == null) {
      program = batch.context().record(step);
      programs.put(now, program);
    }
    program.run();
  }

  @Override
  public void close() {
    programs.values().forEach(Program::close);
    programs.clear();
    program = null;
    rows = 0;
  }
}
