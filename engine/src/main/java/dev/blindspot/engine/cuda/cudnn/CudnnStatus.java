package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH;

import dev.blindspot.engine.NativeException;
import dev.blindspot.engine.cuda.library.LibraryContext;
import java.nio.charset.StandardCharsets;
import org.bytedeco.cuda.global.cudnn;

/** cuDNN's statuses as exceptions. */
public final class CudnnStatus {
  private static final int MESSAGE_BYTES = 2048;

  private CudnnStatus() {}

  /**
   * Throws if a call failed.
   *
   * @param doing operation, shapes and implementation
   */
  public static void check(int status, String doing) {
    if (status != 0) {
      throw failure(status, doing);
    }
  }

  /** Throws if an execution's call failed, after telling the context. */
  static void check(int status, LibraryContext c, Doing plan, String operation) {
    if (status != 0) {
      NativeException e = failure(status, plan.doing(operation));
      c.failed();
      throw e;
    }
  }

  /** Says what was being done; asked for only if it failed. */
  interface Doing {
    String doing(String operation);
  }

  /** The exception of a failed call; to be made at once, by the same thread. */
  static NativeException failure(int status, String doing) {
    String text = lastError();
    return new NativeException(
        "cudnn", name(status), doing + (text.isEmpty() ? "" : ": " + text) + remedy(status));
  }

  /** "CUDNN_STATUS_NOT_SUPPORTED_LAYOUT: text of the last error". */
  static String describe(int status) {
    String text = lastError();
    return text.isEmpty() ? name(status) : name(status) + ": " + text;
  }

  /** Whether cuDNN only says that it cannot do this. */
  static boolean notSupported(int status) {
    return status / 1000 == 3;
  }

  static String name(int status) {
    var p = cudnn.cudnnGetErrorString(status);
    return p == null || p.isNull() ? "status " + status : p.getString();
  }

  /** This thread's last error, which reading clears. */
  private static String lastError() {
    byte[] text = new byte[MESSAGE_BYTES];
    cudnn.cudnnGetLastErrorString(text, text.length);
    int n = 0;
    while (n < text.length && text[n] != 0) {
      n++;
    }
    return new String(text, 0, n, StandardCharsets.UTF_8).strip();
  }

  private static String remedy(int status) {
    if (status == CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED
        || status == CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH) {
      return ". Only one version of cuDNN's libraries may be on the path; see blindspot doctor";
    }
    if (status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED
        || status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED) {
      return ". Close arenas or use a smaller batch";
    }
    return switch (status / 1000) {
      case 3 -> ". Another implementation may do it: see Backend.explain";
      case 5 -> ". An earlier kernel may be at fault: -Dblindspot.debug=true names it";
      default -> "";
    };
  }
}
