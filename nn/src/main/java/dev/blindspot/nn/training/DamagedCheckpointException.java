package dev.blindspot.nn.training;

import dev.blindspot.engine.InvalidInputException;

/** A checkpoint cannot be used: damaged, of another version or of another training. */
public final class DamagedCheckpointException extends InvalidInputException {
  private static final long serialVersionUID = 1L;

  DamagedCheckpointException(String message) {
    super(message);
  }
}
