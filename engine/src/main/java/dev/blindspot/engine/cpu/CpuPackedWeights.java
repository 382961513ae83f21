package dev.blindspot.engine.cpu;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.PackedWeights;

/** The weights as they are, in memory of their own: what OpenBLAS reads. */
final class CpuPackedWeights implements PackedWeights {
  private final TensorArena arena;
  private final Tensor w;

  /** Room for weights like these. */
  CpuPackedWeights(CpuBackend backend, Tensor from) {
    arena = backend.arena(TensorArena.bytes(from.type(), from.size()));
    w = arena.tensor(from.type(), from.shape(), from.layout());
  }

  /** The weights; refuses those of another backend or size than planned. */
  static CpuPackedWeights of(Plan plan, CpuBackend backend, PackedWeights p, long size) {
    if (!(p instanceof CpuPackedWeights own)
        || own.w.backend() != backend
        || own.w.size() != size) {
      throw new InvalidInputException(
          plan.desc().summary() + ": weights " + p + " are not " + size + " elements packed here");
    }
    own.w.storage().checkOpen();
    return own;
  }

  Tensor tensor() {
    return w;
  }

  @Override
  public long bytes() {
    return arena.capacity();
  }

  @Override
  public String toString() {
    return "cpu-packed " + w;
  }

  @Override
  public void close() {
    arena.close();
  }
}
