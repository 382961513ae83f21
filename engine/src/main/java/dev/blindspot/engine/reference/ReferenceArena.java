package dev.blindspot.engine.reference;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.spi.Storage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Heap memory, one buffer for each tensor. */
final class ReferenceArena implements TensorArena {
  private final ReferenceBackend backend;
  private final long capacity;
  private final Throwable madeAt = new Throwable("arena made here");
  private long used;
  private volatile boolean closed;

  ReferenceArena(ReferenceBackend backend, long capacity) {
    backend.take(capacity);
    this.backend = backend;
    this.capacity = capacity;
  }

  @Override
  public long capacity() {
    return capacity;
  }

  @Override
  public synchronized long used() {
    return used;
  }

  @Override
  public synchronized Tensor tensor(ElementType type, Shape shape, Layout layout) {
    checkOpen();
    long bytes = TensorArena.bytes(type, shape.size());
    String asked = "reference arena: a tensor " + type + shape + " needs " + bytes + " bytes; ";
    if (bytes > capacity - used || bytes > Integer.MAX_VALUE - 64) {
      throw new AllocationException(
          asked
              + "used are "
              + used
              + " of "
              + capacity
              + " (one tensor holds at most 2 GiB on the heap)");
    }
    ByteBuffer buffer;
    try {
      buffer = ByteBuffer.allocate((int) bytes).order(ByteOrder.nativeOrder());
    } catch (OutOfMemoryError e) {
      throw new AllocationException(asked + "the Java heap is full; raise -Xmx", e);
    }
    Tensor t = new Tensor(new HeapStorage(this, buffer), 0, type, shape, layout);
    used += bytes;
    return t;
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException(
          "This tensor's arena (reference, " + capacity + " bytes) is closed", madeAt);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      backend.give(capacity);
    }
  }

  /** One tensor's memory. */
  record HeapStorage(ReferenceArena arena, ByteBuffer buffer) implements Storage {

    @Override
    public Backend backend() {
      return arena.backend;
    }

    @Override
    public long address() {
      return 0;
    }

    @Override
    public void checkOpen() {
      arena.checkOpen();
    }

    @Override
    public void read(long offset, ByteBuffer dst) {
      dst.put(buffer.duplicate().limit((int) offset + dst.remaining()).position((int) offset));
    }

    @Override
    public void write(long offset, ByteBuffer src) {
      buffer.duplicate().position((int) offset).put(src);
    }

    // Identity, not content: two tensors share memory only if they share this object.
    @Override
    public boolean equals(Object o) {
      return this == o;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }
}
