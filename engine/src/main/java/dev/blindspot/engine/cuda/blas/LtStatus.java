package dev.blindspot.engine.cuda.blas;

import dev.blindspot.engine.NativeException;
import dev.blindspot.engine.cuda.library.LibraryContext;
import org.bytedeco.cuda.global.cublas;

/** cublasLt's statuses as exceptions. */
public final class LtStatus {
  private LtStatus() {}

  /** Throws if a call at plan time failed. */
  public static void check(int status, String doing) {
    if (status != 0) {
      throw failure(status, doing);
    }
  }

  /** Throws if an execution's call failed, after telling the context. */
  static void check(int status, LibraryContext c, String summary, String operation) {
    if (status != 0) {
      c.failed();
      throw failure(status, summary + ": " + operation);
    }
  }

  private static NativeException failure(int status, String doing) {
    return new NativeException(
        "cublaslt",
        name(status),
        doing
            + (status == cublas.CUBLAS_STATUS_EXECUTION_FAILED
                ? ". An earlier kernel may be at fault: -Dblindspot.debug=true names it"
                : ""));
  }

  static String name(int status) {
    var p = cublas.cublasLtGetStatusName(status);
    return p == null || p.isNull() ? "status " + status : p.getString();
  }
}
