package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Readback;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.CudaAddress;
import dev.blindspot.engine.spi.LeakReport;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;

/** A copy into pinned memory on the context's own stream, and an event behind it. */
final class CudaReadback implements Readback {
  private final CudaContext context;
  private final CudaBackend backend;
  private final Tensor tensor;
  private final int bytes;
  private final CudaAddress pinned = new CudaAddress();
  private final CudaAddress source = new CudaAddress();
  private final ByteBuffer copy;
  private final CudaEvent copied;
  private final LeakReport life;
  private boolean requested;

  CudaReadback(CudaContext context, Tensor tensor) {
    this.context = context;
    this.backend = (CudaBackend) context.backend();
    this.tensor = tensor;
    bytes = Math.toIntExact(tensor.size() * tensor.type().bytes());
    backend.enterDevice();
    copied = new CudaEvent(backend);
    int status = cudart.cudaHostAlloc((Pointer) pinned, bytes, cudart.cudaHostAllocDefault);
    if (status != 0) {
      copied.close();
    }
    backend.check(status, "a pinned buffer of " + bytes + " bytes");
    copy = Memory.view(pinned.address(), bytes);
    life = LeakReport.watch(this, "cuda readback");
  }

  @Override
  public void request() {
    life.checkOpen();
    tensor.storage().checkOpen();
    if (context.recording()) {
      throw new IllegalStateException("A program cannot read back; request it behind the program");
    }
    context.begin(this, 0);
    try {
      int status =
          cudart.cudaMemcpyAsync(
              pinned,
              source.set(tensor.address()),
              bytes,
              cudart.cudaMemcpyDeviceToHost,
              context.stream());
      if (status != 0) {
        backend.check(status, toString());
      }
      copied.record(context.stream());
      requested = true;
    } finally {
      context.end();
    }
  }

  @Override
  public ByteBuffer get() {
    life.checkOpen();
    if (!requested) {
      throw new IllegalStateException("Nothing was requested yet; call request() first");
    }
    backend.checkUsable();
    copied.await("reading back");
    return copy.clear();
  }

  @Override
  public String toString() {
    return "reading back " + tensor;
  }

  @Override
  public void close() {
    if (life.close()) {
      backend.checkUsable();
      backend.enterDevice();
      context.waitIfSubmitted();
      copied.close();
      backend.check(cudart.cudaFreeHost(pinned), "freeing the pinned buffer");
    }
  }
}
