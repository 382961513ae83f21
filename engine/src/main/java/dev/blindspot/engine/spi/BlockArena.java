package dev.blindspot.engine.spi;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;

/** One block of a device's memory, handed out from the front. */
public abstract class BlockArena implements TensorArena, Storage {
  private final Backend backend;
  private final long capacity;
  private final long address;
  private final LeakReport life;
  private long used;

  /** Takes the memory, rounded up to whole tensors, by {@link #allocate}. */
  protected BlockArena(Backend backend, long bytes) {
    if (bytes < 1 || bytes > Long.MAX_VALUE - 64) {
      throw new InvalidInputException("arena: capacity must be positive, not " + bytes);
    }
    this.backend = backend;
    capacity = (bytes + 63) / 64 * 64;
    address = allocate(backend, capacity);
    life = LeakReport.watch(this, backend.name() + " arena of " + capacity + " bytes");
  }

  /** Takes memory, aligned to 64 bytes or more. Called by the constructor: uses no field. */
  protected abstract long allocate(Backend backend, long bytes);

  /** Gives the memory back. */
  protected abstract void free(long address, long bytes);

  @Override
  public final long capacity() {
    return capacity;
  }

  @Override
  public final synchronized long used() {
    return used;
  }

  @Override
  public final synchronized Tensor tensor(ElementType type, Shape shape, Layout layout) {
    checkOpen();
    long bytes = TensorArena.bytes(type, shape.size());
    if (bytes > capacity - used) {
      throw new AllocationException(
          backend.name()
              + " arena: a tensor "
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
  public final LeakReport life() {
    return life;
  }

  @Override
  public final Backend backend() {
    return backend;
  }

  @Override
  public final long address() {
    return address;
  }

  @Override
  public final void checkOpen() {
    life.checkOpen();
  }

  @Override
  public final void close() {
    if (life.close()) {
      free(address, capacity);
    }
  }
}
