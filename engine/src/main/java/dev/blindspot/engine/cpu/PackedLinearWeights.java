package dev.blindspot.engine.cpu;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.PackedWeights;

/** A dense layer's weights as each planned direction reads them. */
final class PackedLinearWeights implements PackedWeights {

  /**
   * What decides how the weights lie: plans of any batch that agree in it share weights.
   *
   * @param forward elements packed for the forward direction, 0 if it is not planned
   * @param backward elements packed for backward-data, 0 if it is not planned
   */
  record Form(int c, int k, long forward, long backward) {

    long bytes() {
      return TensorArena.bytes(ElementType.F32, forward)
          + TensorArena.bytes(ElementType.F32, backward);
    }
  }

  private final CpuBackend backend;
  private final Form form;
  private final TensorArena arena;

  /** Null where the form has no elements. */
  final Tensor forward;

  final Tensor backward;

  PackedLinearWeights(CpuBackend backend, Form form) {
    this.backend = backend;
    this.form = form;
    arena = backend.arena(form.bytes());
    forward = tensor(form.forward);
    backward = tensor(form.backward);
  }

  private Tensor tensor(long elements) {
    return elements == 0 ? null : arena.tensor(ElementType.F32, elements);
  }

  boolean fits(CpuBackend other, Form wanted) {
    return backend == other && (form == wanted || form.equals(wanted));
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
