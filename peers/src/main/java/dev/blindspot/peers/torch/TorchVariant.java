package dev.blindspot.peers.torch;

import dev.blindspot.bench.peer.PeerVariant;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;

/**
 * A function of libtorch on tensors it owns. Its result is allocated by each execution, as
 * libtorch's users have it, and freed at once.
 *
 * @param pick the tensor that counts of a result
 */
record TorchVariant<R extends Pointer>(
    String name, List<? extends Pointer> owned, Supplier<R> function, Function<R, Tensor> pick)
    implements PeerVariant {

  /** A function whose result is the tensor. */
  static PeerVariant of(String name, List<? extends Pointer> owned, Supplier<Tensor> function) {
    return new TorchVariant<>(name, owned, function, t -> t);
  }

  @Override
  public void run() {
    function.get().close();
  }

  @Override
  public float[] result() {
    try (R all = function.get()) {
      return Tensors.values(pick.apply(all));
    }
  }

  @Override
  public void close() {
    owned.forEach(Pointer::close);
  }
}
