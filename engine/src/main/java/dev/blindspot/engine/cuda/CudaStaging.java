package dev.blindspot.engine.cuda;

import dev.blindspot.engine.cuda.library.CudaAddress;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;

/**
 * Copies between host and device through a pinned buffer, on a stream of its own. A copy waits for
 * what all contexts have submitted, and is complete when it returns. One thread at a time.
 */
final class CudaStaging {
  private static final int BYTES = 4 << 20;
  private final CudaBackend backend;
  private final CUstream_st stream = new CUstream_st();
  private final CudaAddress pinned = new CudaAddress();
  private final CudaAddress device = new CudaAddress();
  private final ByteBuffer view;

  CudaStaging(CudaBackend backend) {
    this.backend = backend;
    backend.check(
        cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking),
        "a stream for copies");
    backend.check(
        cudart.cudaHostAlloc((Pointer) pinned, BYTES, cudart.cudaHostAllocDefault),
        "a pinned buffer of " + BYTES + " bytes");
    view = Memory.view(pinned.address(), BYTES);
  }

  /** Copies {@code dst.remaining()} bytes from the device. */
  synchronized void read(long from, ByteBuffer dst) {
    backend.synchronizeContexts();
    for (long done = 0; dst.hasRemaining(); ) {
      int bytes = Math.min(BYTES, dst.remaining());
      copy(pinned, device.set(from + done), bytes, cudart.cudaMemcpyDeviceToHost);
      dst.put(view.clear().limit(bytes));
      done += bytes;
    }
  }

  /** Copies {@code src.remaining()} bytes to the device. */
  synchronized void write(long to, ByteBuffer src) {
    backend.synchronizeContexts();
    for (long done = 0; src.hasRemaining(); ) {
      int bytes = Math.min(BYTES, src.remaining());
      view.clear();
      view.put(src.duplicate().limit(src.position() + bytes));
      src.position(src.position() + bytes);
      copy(device.set(to + done), pinned, bytes, cudart.cudaMemcpyHostToDevice);
      done += bytes;
    }
  }

  private void copy(Pointer to, Pointer from, int bytes, int kind) {
    backend.check(
        cudart.cudaMemcpyAsync(to, from, bytes, kind, stream), "a copy of " + bytes + " bytes");
    backend.check(cudart.cudaStreamSynchronize(stream), "a copy of " + bytes + " bytes");
  }

  void close() {
    backend.check(cudart.cudaFreeHost(pinned), "freeing the pinned buffer");
    backend.check(cudart.cudaStreamDestroy(stream), "closing the stream for copies");
  }
}
