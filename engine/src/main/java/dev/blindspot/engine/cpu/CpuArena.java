package dev.blindspot.engine.cpu;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.spi.Storage;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;

/** One block of native memory, handed out from the front. */
final class CpuArena implements TensorArena, Storage {
  private final CpuBackend backend;
  private final long capacity;
  private final long address;
  private final LeakReport life;
  private long used;

  CpuArena(CpuBackend backend, long bytes) {
    if (bytes < 1 || bytes > Long.MAX_VALUE - 64) {
      throw new InvalidInputException("arena: capacity must be positive, not " + bytes);
    }
    this.backend = backend;
    capacity = (bytes + 63) / 64 * 64;
    address = backend.allocate(capacity, "an arena");
    life = LeakReport.watch(this, "cpu arena of " + capacity + " bytes");
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
    if (bytes > capacity - used) {
      throw new AllocationException(
          "cpu arena: a tensor "
              + type
              + shape
              + " needs "
              + bytes
              + " bytes; used are "
              + used
              + " of "
              + capacity);
    }
    Tensor t = new Tensor(this, used, type, shape, layout);
    used += bytes;
    return t;
  }

  /** For the tests of leaks. */
  LeakReport life() {
    return life;
  }

  @Override
  public Backend backend() {
    return backend;
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public void checkOpen() {
    life.checkOpen();
  }

  @Override
  public void read(long offset, ByteBuffer dst) {
    dst.put(Memory.view(address + offset, dst.remaining()));
  }

  @Override
  public void write(long offset, ByteBuffer src) {
    Memory.view(address + offset, src.remaining()).put(src);
  }

  @Override
  public void close() {
    if (life.close()) {
      backend.free(address, capacity);
    }
  }
}
