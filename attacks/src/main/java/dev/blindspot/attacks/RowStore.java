package dev.blindspot.attacks;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Readback;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.CastDesc;
import dev.blindspot.engine.primitives.CastPlan;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.primitives.CountPlan;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.primitives.IndexOp;
import dev.blindspot.engine.primitives.SortDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * The tensors of an attack, one row for each sample, and their compaction: once the samples at work
 * fit half of the rows, they move to the front in their order and the attack goes on with half.
 * Sizes follow the fixed ladder n, n/2, n/4, ..., so that few batch sizes are ever bound. Owns the
 * memory.
 */
final class RowStore implements AutoCloseable {
  /** Fewer rows cost about as much as this many. */
  private static final int LEAST = 16;

  private final Backend backend;
  private final Context ctx;
  private final int capacity;
  private final TensorArena arena;
  private final List<RowTensor> kept = new ArrayList<>();
  private final List<RowTensor> scratch = new ArrayList<>();
  private final CountPlan count;
  private final CastPlan cast;
  private final Tensor counter;
  private final Readback counted;
  private boolean looked;
  private int rows;

  /** Where rows are gathered before they move; made by the first compaction. */
  private TensorArena spare;

  private Tensor keys;
  private Tensor indices;
  private Tensor moved;

  /**
   * @param bytesPerRow of all tensors that will be taken
   * @param tensors number of them
   */
  RowStore(Backend backend, Context ctx, int capacity, long bytesPerRow, int tensors) {
    this.backend = backend;
    this.ctx = ctx;
    this.capacity = capacity;
    rows = capacity;
    arena = backend.arena(bytesPerRow * capacity + 64L * (tensors + 1));
    count = backend.plan(new CountDesc(capacity, 1, false));
    cast = backend.plan(new CastDesc(ElementType.U8, ElementType.F32, capacity, 1));
    counter = arena.tensor(ElementType.I32, 1);
    counted = ctx.readback(counter);
  }

  /** A tensor whose rows follow their samples. */
  RowTensor kept(ElementType type, long... rowShape) {
    RowTensor t = tensor(type, rowShape);
    kept.add(t);
    return t;
  }

  /** A tensor of all rows that compaction leaves alone. */
  Tensor fixed(ElementType type, long... rowShape) {
    return tensor(type, rowShape).full();
  }

  /** A tensor whose content does not outlive a step. */
  RowTensor scratch(ElementType type, long... rowShape) {
    RowTensor t = tensor(type, rowShape);
    scratch.add(t);
    return t;
  }

  private RowTensor tensor(ElementType type, long... rowShape) {
    long[] dims = new long[rowShape.length + 1];
    dims[0] = capacity;
    System.arraycopy(rowShape, 0, dims, 1, rowShape.length);
    return new RowTensor(arena.tensor(type, dims));
  }

  /** Rows in use. */
  int rows() {
    return rows;
  }

  /** Uses the first rows only (or more again). */
  void resize(int n) {
    rows = n;
    kept.forEach(t -> t.resize(n));
    scratch.forEach(t -> t.resize(n));
  }

  /**
   * Counts the true elements of a mask [n] that only loses them. A device that works on behind the
   * host's back is not stopped for it: the host learns the number of the look before, and at its
   * first look that all are true.
   */
  int look(Tensor mask) {
    int before = !looked ? rows : ctx.asynchronous() ? counted.get().getInt(0) : 0;
    count.execute(ctx, mask, counter);
    counted.request();
    looked = true;
    return ctx.asynchronous() ? before : counted.get().getInt(0);
  }

  /** The next size down the ladder that holds this many samples; the present one if none does. */
  int fitting(int active) {
    int n = rows;
    while (n / 2 >= Math.max(active, LEAST)) {
      n /= 2;
    }
    return n;
  }

  /** Moves the rows that {@code active} [n] names to the front and goes on with {@code n} rows. */
  void compact(Tensor active, int n) {
    if (spare == null) {
      makeSpare();
    }
    Tensor key = part(keys, ElementType.F32, Shape.of(1, rows));
    Tensor index = part(indices, ElementType.I32, Shape.of(1, n));
    cast.execute(ctx, active, key.reshape(rows));
    backend.plan(new SortDesc(ElementType.F32, 1, rows, n, true)).execute(ctx, key, null, index);
    for (RowTensor t : kept) {
      gather(t, index.reshape(n), n);
    }
    resize(n);
  }

  private void makeSpare() {
    int half = Math.max(1, capacity / 2);
    long widest = 1;
    for (RowTensor t : kept) {
      widest = Math.max(widest, t.full().shape().rowLength() * t.full().type().bytes());
    }
    spare = backend.arena(3 * 64 + 4L * capacity + 4L * half + widest * half);
    keys = spare.tensor(ElementType.F32, capacity);
    indices = spare.tensor(ElementType.I32, half);
    moved = spare.tensor(ElementType.U8, widest * half);
  }

  /** The first bytes of a tensor as another one. */
  private static Tensor part(Tensor of, ElementType type, Shape shape) {
    return new Tensor(of.storage(), of.offset(), type, shape, Layout.NCHW);
  }

  private void gather(RowTensor t, Tensor index, int n) {
    ElementType type = t.full().type();
    long length = t.full().shape().rowLength();
    Tensor rows = part(moved, type, t.full().shape().withBatch(n));
    backend
        .plan(new IndexDesc(IndexOp.GATHER_ROWS, type, n, t.view().n(), length))
        .execute(ctx, index, t.view(), rows);
    backend
        .plan(new ElementwiseDesc(ElementwiseOp.COPY, type, n, length))
        .execute(ctx, rows, null, t.full().slice(0, n));
  }

  @Override
  public void close() {
    counted.close();
    if (spare != null) {
      spare.close();
    }
    arena.close();
  }
}
