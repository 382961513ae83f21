package dev.blindspot.engine.reference;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.PackedWeights;

/** The weights as they are, copied into memory of their own. */
final class ReferencePackedWeights implements PackedWeights {
  private final TensorArena arena;
  private final Tensor w;

  ReferencePackedWeights(Backend backend, Tensor w) {
    arena = backend.arena(TensorArena.bytes(w.type(), w.size()));
    this.w = arena.tensor(w.type(), w.shape(), w.layout());
    update(w);
  }

  /** Copies updated weights. */
  void update(Tensor from) {
    Cells in = Cells.of(from);
    Cells out = Cells.of(w);
    for (long i = 0; i < w.size(); i++) {
      out.set(i, in.get(i));
    }
  }

  /** Refuses weights of another backend or size than planned. */
  static ReferencePackedWeights of(String operation, PackedWeights p, long size) {
    if (!(p instanceof ReferencePackedWeights own) || own.w.size() != size) {
      throw new InvalidInputException(
          operation
              + ": packed weights "
              + p
              + " are not "
              + size
              + " elements packed by reference");
    }
    return own;
  }

  Cells cells() {
    return Cells.of(w);
  }

  @Override
  public long bytes() {
    return arena.capacity();
  }

  @Override
  public String toString() {
    return "reference-packed " + w;
  }

  @Override
  public void close() {
    arena.close();
  }
}
