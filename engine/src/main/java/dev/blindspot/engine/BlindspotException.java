package dev.blindspot.engine;

/**
 * Base of everything Blindspot throws: names the operation, the values, the cause and the remedy.
 */
public class BlindspotException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BlindspotException(String message) {
    super(message);
  }

  public BlindspotException(String message, Throwable cause) {
    super(message, cause);
  }
}
