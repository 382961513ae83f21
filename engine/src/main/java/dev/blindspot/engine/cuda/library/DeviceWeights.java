package dev.blindspot.engine.cuda.library;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.spi.Storage;
import java.util.function.Consumer;

/**
 * Weights in device memory of their own, in the form that one kind of plan reads. Packing waits
 * until it is done, so other contexts may use them at once.
 */
public final class DeviceWeights implements PackedWeights {

  /** Brings weights into a plan's form. */
  public interface Packing {

    /** Submits the work; {@code from} and the weights' memory are device addresses. */
    void submit(LibraryContext c, long from, DeviceWeights to);
  }

  private final TensorArena arena;
  private final Tensor memory;
  private final Object form;
  private boolean filled;

  private DeviceWeights(LibraryBackend backend, Object form, long bytes) {
    arena = backend.arena(TensorArena.bytes(ElementType.U8, bytes));
    memory = arena.tensor(ElementType.U8, bytes);
    this.form = form;
  }

  /**
   * New weights that {@code fill} has filled; if it fails they are closed.
   *
   * @param form of equal value for plans that may share the weights
   * @param bytes that the form needs
   */
  public static DeviceWeights filled(
      LibraryBackend backend, Object form, long bytes, Consumer<DeviceWeights> fill) {
    DeviceWeights made = new DeviceWeights(backend, form, bytes);
    try {
      fill.accept(made);
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
    return made;
  }

  /** The weights, if they were packed in this form on this backend. */
  public static DeviceWeights of(Plan plan, LibraryBackend backend, PackedWeights p, Object form) {
    if (!(p instanceof DeviceWeights own)
        || own.memory.backend() != backend
        || !own.form.equals(form)) {
      throw new InvalidInputException(
          plan.desc().summary() + ": weights " + p + " are not packed as " + form);
    }
    own.memory.storage().checkOpen();
    return own;
  }

  /**
   * Fills them from w. The first time waits until it is done, also while ctx records, and is no
   * part of that; later ones are recorded like any execution.
   */
  @SuppressWarnings("try") // relaxed acts by being open
  public void fill(LibraryBackend backend, Context ctx, Plan plan, Tensor w, Packing packing) {
    LibraryContext c = backend.begin(ctx, plan.desc(), 0);
    boolean now;
    try {
      now = c.recording() && !filled;
      if (!now) {
        use(c);
        packing.submit(c, c.use(w), this);
      }
      if (!c.recording()) {
        c.finish();
      }
    } finally {
      c.end();
    }
    filled = true;
    if (now) {
      try (CaptureRelaxed relaxed = CaptureRelaxed.during(true)) {
        backend.planning(
            planner -> {
              packing.submit(planner, w.address(), this);
              return null;
            });
      }
    }
  }

  /** Where they are. */
  public Storage storage() {
    return memory.storage();
  }

  /** Their address, noted by a recording. */
  public long use(LibraryContext c) {
    return c.use(memory);
  }

  /** Their address. */
  public long address() {
    return memory.address();
  }

  @Override
  public long bytes() {
    return arena.capacity();
  }

  @Override
  public String toString() {
    return "cuda weights " + form;
  }

  @Override
  public void close() {
    arena.close();
  }
}
