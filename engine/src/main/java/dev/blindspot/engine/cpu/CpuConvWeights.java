package dev.blindspot.engine.cpu;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.PackedWeights;

/** A convolution's weights as each planned direction reads them. */
final class CpuConvWeights implements PackedWeights {

  /**
   * What decides how the weights lie: plans of any batch that agree in it share weights.
   *
   * @param plain elements of the weights as they are, for im2col; 0 if nobody reads them so
   * @param forward elements packed for the direct forward direction, or 0
   * @param backward elements packed for the direct backward-data, or 0
   */
  record Form(
      ElementType type,
      ConvGeometry geometry,
      ConvScheme forwardScheme,
      ConvScheme backwardScheme,
      long plain,
      long forward,
      long backward) {

    long bytes() {
      return TensorArena.bytes(type, plain)
          + TensorArena.bytes(type, forward)
          + TensorArena.bytes(type, backward);
    }
  }

  private final CpuBackend backend;
  private final Form form;
  private final TensorArena arena;

  /** Null where the form has no elements. */
  final Tensor plain;

  final Tensor forward;
  final Tensor backward;

  CpuConvWeights(CpuBackend backend, Form form) {
    this.backend = backend;
    this.form = form;
    arena = backend.arena(form.bytes());
    plain = tensor(form.plain);
    forward = tensor(form.forward);
    backward = tensor(form.backward);
  }

  private Tensor tensor(long elements) {
    return elements == 0 ? null : arena.tensor(form.type, elements);
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
