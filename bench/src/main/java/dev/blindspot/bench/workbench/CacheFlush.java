package dev.blindspot.bench.workbench;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;

/**
 * Drives what is in the device's caches out of them, by writing more than they hold. It is also
 * work that keeps a GPU busy while the host submits what is timed next. Owns its plan and memory.
 */
final class CacheFlush implements AutoCloseable {
  /** More than the second-level cache of any GPU holds (60 MB on an H200, 126 MB on a B200). */
  private static final long BYTES = 256L << 20;

  private static final long FEW = 1L << 20;
  private static final long ROW = 1L << 16;

  private final TensorArena arena;
  private final Tensor memory;
  private final ElementwisePlan fill;

  /**
   * On a backend's memory.
   *
   * @param once only to see that it runs: a little memory will do
   */
  CacheFlush(Backend backend, boolean once) {
    long rows = (once ? FEW : BYTES) / Float.BYTES / ROW;
    arena = backend.arena(TensorArena.bytes(ElementType.F32, rows * ROW));
    try {
      memory = arena.tensor(ElementType.F32, rows, ROW);
      fill = backend.plan(new ElementwiseDesc(ElementwiseOp.FILL, ElementType.F32, rows, ROW));
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Submits the flush; does not wait. */
  void run(Context ctx) {
    fill.execute(ctx, null, null, memory);
  }

  @Override
  public void close() {
    fill.close();
    arena.close();
  }
}
