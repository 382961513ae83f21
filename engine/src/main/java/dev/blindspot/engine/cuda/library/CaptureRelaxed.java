package dev.blindspot.engine.cuda.library;

import dev.blindspot.engine.NativeException;
import org.bytedeco.cuda.global.cudart;

/**
 * Lets this thread do what is no part of the program that it records: prepare an execution, for
 * which cuDNN may load kernels and allocate, or pack weights on another stream. A recording would
 * refuse that otherwise. None of it touches the recorded stream.
 */
public final class CaptureRelaxed implements AutoCloseable {
  private static final CaptureRelaxed NOTHING = new CaptureRelaxed(null);

  /** The mode to come back to; null for none. */
  private final int[] mode;

  private CaptureRelaxed(int[] mode) {
    this.mode = mode;
  }

  /**
   * @param recording whether this thread records; nothing is changed otherwise
   */
  public static CaptureRelaxed during(boolean recording) {
    if (!recording) {
      return NOTHING;
    }
    int[] mode = {cudart.cudaStreamCaptureModeRelaxed};
    exchange(mode);
    return new CaptureRelaxed(mode);
  }

  private static void exchange(int[] mode) {
    int status = cudart.cudaThreadExchangeStreamCaptureMode(mode);
    if (status != 0) {
      throw new NativeException(
          "cuda runtime",
          cudart.cudaGetErrorName(status).getString(),
          "changing how strict a recording is");
    }
  }

  @Override
  public void close() {
    if (mode != null) {
      exchange(mode);
    }
  }
}
