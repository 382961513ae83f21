package dev.blindspot.engine.cpu;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.PackedWeights;

/**
 * Weights split into bfloat16 parts for each planned direction, and as they are: products with
 * numbers that are not finite are formed from those.
 */
final class TileWeights implements PackedWeights {

  /**
   * What decides how the weights lie: plans that agree in it share weights.
   *
   * @param geometry what the weights are of: a desc without its batch
   * @param plain elements of the weights
   * @param forward bytes packed for the forward direction, or 0
   * @param backward bytes packed for backward-data, or 0
   */
  record Form(Object geometry, int parts, long plain, long forward, long backward) {

    long bytes() {
      return TensorArena.bytes(ElementType.F32, plain)
          + TensorArena.bytes(ElementType.U8, forward)
          + TensorArena.bytes(ElementType.U8, backward);
    }
  }

  private final CpuBackend backend;
  private final Form form;
  private final TensorArena arena;
  final Tensor plain;

  /** Null where the direction is not planned. */
  final Tensor forward;

  final Tensor backward;

  TileWeights(CpuBackend backend, Form form) {
    this.backend = backend;
    this.form = form;
    arena = backend.arena(form.bytes());
    plain = arena.tensor(ElementType.F32, form.plain);
    forward = form.forward == 0 ? null : arena.tensor(ElementType.U8, form.forward);
    backward = form.backward == 0 ? null : arena.tensor(ElementType.U8, form.backward);
  }

  boolean fits(CpuBackend other, Form wanted) {
    return backend == other && (form == wanted || form.equals(wanted));
  }

  void checkOpen() {
    plain.storage().checkOpen();
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
