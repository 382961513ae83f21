package dev.blindspot.engine;

/** Memory was refused: names what was asked, what is held and by whom. */
public class AllocationException extends BlindspotException {
  private static final long serialVersionUID = 1L;

  public AllocationException(String message) {
    super(message);
  }

  public AllocationException(String message, Throwable cause) {
    super(message, cause);
  }
}
