package dev.blindspot.engine.reference;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Program;

/** Execution is immediate, so there is nothing to hold. */
final class ReferenceContext implements Context {
  private final ReferenceBackend backend;

  ReferenceContext(ReferenceBackend backend) {
    this.backend = backend;
  }

  @Override
  public Backend backend() {
    return backend;
  }

  @Override
  public void synchronize() {}

  /** The step is kept as it is and run again at each replay. */
  @Override
  public Program record(Runnable step) {
    return new Program() {
      @Override
      public void run() {
        step.run();
      }

      @Override
      public int length() {
        return 1;
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() {}
}
