package dev.blindspot.engine.cuda;

import static org.bytedeco.cuda.global.cudart.cudaErrorAssert;
import static org.bytedeco.cuda.global.cudart.cudaErrorIllegalAddress;
import static org.bytedeco.cuda.global.cudart.cudaErrorLaunchFailure;
import static org.bytedeco.cuda.global.cudart.cudaErrorLaunchTimeout;

import dev.blindspot.engine.NativeException;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/** Statuses of the runtime and the driver as exceptions. */
final class CudaStatus {
  private static final String RUNTIME = "cuda runtime";

  private static final String DRIVER = "cuda driver";

  private CudaStatus() {}

  /**
   * Throws if a call of the runtime failed.
   *
   * @param doing what was being done, with sizes: "an arena of 64 bytes"
   */
  static void check(int status, String doing) {
    if (status != 0) {
      throw runtime(status, doing);
    }
  }

  /** The exception for a failed call of the runtime. */
  static NativeException runtime(int status, String doing) {
    cudart.cudaGetLastError(); // else a later check of another call would find this one
    return new NativeException(
        RUNTIME,
        name(status),
        doing + ": " + text(cudart.cudaGetErrorString(status)) + remedy(status));
  }

  /** Throws if a call of the driver failed. */
  static void checkDriver(int status, String doing) {
    if (status != 0) {
      throw driver(status, doing);
    }
  }

  /** The exception for a failed call of the driver. */
  static NativeException driver(int status, String doing) {
    return new NativeException(
        DRIVER,
        driverText(status, true),
        doing + ": " + driverText(status, false) + remedy(status));
  }

  private static String driverText(int status, boolean name) {
    try (PointerPointer<BytePointer> out = new PointerPointer<>(1)) {
      int told = name ? cudart.cuGetErrorName(status, out) : cudart.cuGetErrorString(status, out);
      BytePointer text = told == 0 ? out.get(BytePointer.class, 0) : null;
      return text == null ? "status " + status : text.getString();
    }
  }

  /** The runtime's name of a status: "cudaErrorMemoryAllocation". */
  static String name(int status) {
    return text(cudart.cudaGetErrorName(status));
  }

  private static String text(BytePointer p) {
    return p == null ? "" : p.getString();
  }

  /** Whether the device is of no more use to this process; the driver's codes are the same. */
  static boolean isFatal(int status) {
    return status == cudaErrorIllegalAddress
        || status == cudaErrorLaunchTimeout
        || status == cudaErrorAssert
        || (status >= 714 && status <= cudaErrorLaunchFailure);
  }

  private static String remedy(int status) {
    return isFatal(status)
        ? ". A kernel failed and the device is lost to this process: start anew; with"
            + " -Dblindspot.debug=true the operation at fault is named"
        : "";
  }
}
