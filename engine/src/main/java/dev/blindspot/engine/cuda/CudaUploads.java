package dev.blindspot.engine.cuda;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.CudaAddress;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;

/**
 * Copies to the device on a context's own stream, each through the next of a few pinned buffers. A
 * buffer is filled again once its last copy is done: the host runs ahead of the device by as many
 * copies as there are buffers, and waits only beyond that. Buffers grow to what is copied.
 */
final class CudaUploads implements AutoCloseable {
  private static final int BUFFERS = 8;

  private final CudaContext context;
  private final CudaBackend backend;
  private final Buffer[] ring = new Buffer[BUFFERS];
  private final CudaAddress target = new CudaAddress();
  private int next;

  private static final class Buffer {
    final CudaAddress pinned = new CudaAddress();
    final CudaEvent copied;
    ByteBuffer view;

    Buffer(CudaBackend backend) {
      copied = new CudaEvent(backend);
    }
  }

  CudaUploads(CudaContext context, CudaBackend backend) {
    this.context = context;
    this.backend = backend;
  }

  /**
   * @param content writes the elements from the buffer's begin on
   */
  void send(Tensor to, ElementType type, int elements, Consumer<ByteBuffer> content) {
    if (to.type() != type || to.size() != elements || to.backend() != backend) {
      throw new InvalidInputException(
          "upload of " + elements + " " + type + " to " + to + ": they must agree, here on cuda");
    }
    to.storage().checkOpen();
    context.begin("an upload", 0);
    try {
      if (context.recording()) {
        throw new IllegalStateException(
            "A program cannot upload: it would repeat the same numbers; upload before its run");
      }
      int bytes = elements * type.bytes();
      Buffer b = buffer(bytes);
      content.accept(b.view.clear());
      int status =
          cudart.cudaMemcpyAsync(
              target.set(to.address()),
              b.pinned,
              bytes,
              cudart.cudaMemcpyHostToDevice,
              context.stream());
      if (status != 0) {
        backend.check(status, "an upload of " + bytes + " bytes");
      }
      b.copied.record(context.stream());
    } finally {
      context.end();
    }
  }

  private Buffer buffer(int bytes) {
    int at = next;
    next = (next + 1) % BUFFERS;
    if (ring[at] == null) {
      ring[at] = new Buffer(backend);
    } else if (ring[at].view != null) {
      ring[at].copied.await("an upload");
    }
    Buffer b = ring[at];
    if (b.view == null || b.view.capacity() < bytes) {
      free(b);
      int room = Math.max(256, bytes);
      backend.check(
          cudart.cudaHostAlloc((Pointer) b.pinned, room, cudart.cudaHostAllocDefault),
          "a pinned buffer of " + room + " bytes");
      b.view = Memory.view(b.pinned.address(), room);
    }
    return b;
  }

  private void free(Buffer b) {
    if (b.view != null) {
      b.view = null;
      backend.check(cudart.cudaFreeHost(b.pinned), "freeing a pinned buffer");
    }
  }

  /** After the stream was waited for. */
  @Override
  public void close() {
    for (int i = 0; i < BUFFERS; i++) {
      if (ring[i] != null) {
        free(ring[i]);
        ring[i].copied.close();
        ring[i] = null;
      }
    }
  }
}
