package dev.blindspot.engine;

/** No implementation supports what was asked; the message lists each one with its reason. */
public class UnsupportedException extends BlindspotException {
  private static final long serialVersionUID = 1L;

  public UnsupportedException(String message) {
    super(message);
  }

  public UnsupportedException(String message, Throwable cause) {
    super(message, cause);
  }
}
