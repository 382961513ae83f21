package dev.blindspot.engine.cuda;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;

/** A point in a stream's work, with the device's time at which it was reached. */
final class CudaEvent implements AutoCloseable {
  private final CudaBackend backend;
  private final CUevent_st event = new CUevent_st();

  CudaEvent(CudaBackend backend) {
    this.backend = backend;
    backend.check(cudart.cudaEventCreate(event), "making an event");
  }

  /** Marks the end of what the stream was given so far. */
  void record(CUstream_st stream) {
    backend.check(cudart.cudaEventRecord(event, stream), "marking a point of a stream");
  }

  /** Waits until the point is reached. */
  void await(String doing) {
    backend.check(cudart.cudaEventSynchronize(event), doing);
  }

  /** Seconds from here to a later point; both must have been reached. */
  double secondsUntil(CudaEvent later) {
    float[] milliseconds = new float[1];
    backend.check(
        cudart.cudaEventElapsedTime(milliseconds, event, later.event), "the time between events");
    return milliseconds[0] * 1e-3;
  }

  @Override
  public void close() {
    backend.check(cudart.cudaEventDestroy(event), "closing an event");
  }
}
