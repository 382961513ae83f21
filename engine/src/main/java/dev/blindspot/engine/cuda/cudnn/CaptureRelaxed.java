package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.NativeException;
import dev.blindspot.engine.cuda.library.LibraryContext;
import org.bytedeco.cuda.global.cudart;

/**
 * Lets this thread prepare an execution while a program is recorded: cuDNN may load kernels and
 * allocate then, which the recording would otherwise refuse. None of it touches the stream.
 */
final class CaptureRelaxed implements AutoCloseable {
  private static final CaptureRelaxed NOTHING = new CaptureRelaxed(null);

  /** The mode to come back to; null for none. */
  private final int[] mode;

  private CaptureRelaxed(int[] mode) {
    this.mode = mode;
  }

  static CaptureRelaxed during(LibraryContext c) {
    if (!c.recording()) {
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
