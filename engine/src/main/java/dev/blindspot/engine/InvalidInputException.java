package dev.blindspot.engine;

/** The caller's data, file or argument is wrong. The command line answers with exit code 2. */
public class InvalidInputException extends BlindspotException {
  private static final long serialVersionUID = 1L;

  public InvalidInputException(String message) {
    super(message);
  }

  public InvalidInputException(String message, Throwable cause) {
    super(message, cause);
  }
}
