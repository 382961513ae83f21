package dev.blindspot.engine.cpu;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.PackedWeights;
import java.util.function.Consumer;

/** A layer's weights as each planned direction reads them, in memory of their own. */
final class CpuWeights implements PackedWeights {

  /**
   * What decides how the weights lie: plans of any batch that agree in it share weights.
   *
   * @param layout whatever else the order of the weights depends on; compared by value
   * @param type of the weights
   * @param plain elements of the weights as they are, or 0 if nobody reads them so
   * @param packedType what the packed weights are counted in
   * @param forward elements packed for the forward direction, or 0
   * @param backward elements packed for backward-data, or 0
   */
  record Form(
      Object layout,
      ElementType type,
      long plain,
      ElementType packedType,
      long forward,
      long backward) {

    private long bytes() {
      return TensorArena.bytes(type, plain)
          + TensorArena.bytes(packedType, forward)
          + TensorArena.bytes(packedType, backward);
    }
  }

  private final CpuBackend backend;
  private final Form form;
  private final TensorArena arena;

  /** Null where the form has no elements. */
  final Tensor plain;

  final Tensor forward;
  final Tensor backward;

  private CpuWeights(CpuBackend backend, Form form) {
    this.backend = backend;
    this.form = form;
    arena = backend.arena(form.bytes());
    plain = tensor(form.type, form.plain);
    forward = tensor(form.packedType, form.forward);
    backward = tensor(form.packedType, form.backward);
  }

  private Tensor tensor(ElementType type, long elements) {
    return elements == 0 ? null : arena.tensor(type, elements);
  }

  /** New weights that {@code fill} has filled; if it fails they are closed. */
  static CpuWeights filled(CpuBackend backend, Form form, Consumer<CpuWeights> fill) {
    CpuWeights made = new CpuWeights(backend, form);
    try {
      fill.accept(made);
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
    return made;
  }

  /** The weights, if they are open and were packed in this form on this backend. */
  static CpuWeights of(Plan plan, CpuBackend backend, PackedWeights p, Form form) {
    if (!(p instanceof CpuWeights own)
        || own.backend != backend
        || (own.form != form && !own.form.equals(form))) {
      throw new InvalidInputException(
          plan.desc().summary()
              + ": "
              + p
              + " were not packed by such a plan; use this plan's pack()");
    }
    own.checkOpen();
    return own;
  }

  private void checkOpen() {
    Tensor any = plain != null ? plain : forward != null ? forward : backward;
    any.storage().checkOpen();
  }

  @Override
  public long bytes() {
    return arena.capacity();
  }

  @Override
  public String toString() {
    return "weights packed as " + form;
  }

  @Override
  public void close() {
    arena.close();
  }
}
