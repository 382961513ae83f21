package dev.blindspot.engine;

/** A native library reported a failure. */
public class NativeException extends BlindspotException {
  private static final long serialVersionUID = 1L;
  private final String library;
  private final String status;

  /**
   * @param library the library that failed, such as "openblas"
   * @param status its status by name, or the number where it has none
   * @param message operation, shapes, the library's last-error text, remedy
   */
  public NativeException(String library, String status, String message) {
    super(library + ": " + status + ": " + message);
    this.library = library;
    this.status = status;
  }

  public String library() {
    return library;
  }

  public String status() {
    return status;
  }
}
