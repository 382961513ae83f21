package dev.blindspot.peers.torch;

import dev.blindspot.bench.peer.PeerDriver;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import dev.blindspot.engine.UnsupportedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.global.torch;

/** libtorch. */
public final class TorchDriver implements PeerDriver {
  /** Keeps autograd off on this thread; attacks turn it on where they need it. */
  @SuppressWarnings("unused")
  private final NoGradGuard noGradients;

  /** Loads it. */
  public TorchDriver(int threads) {
    torch.set_num_threads(threads);
    torch.set_num_interop_threads(1);
    noGradients = new NoGradGuard();
  }

  @Override
  public String describe() {
    try {
      return "libtorch " + Loader.getVersion("org.bytedeco", "pytorch");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<PeerVariant> prepare(PeerProblem p) {
    return switch (p.driver()) {
      case "conv" -> TorchConv.variants(p);
      case "pool" -> TorchPool.variants(p);
      case "matmul" -> List.of(TorchRows.matmul(p));
      case "relu", "sigmoid", "tanh", "softmax" -> List.of(TorchRows.rows(p));
      case "attack" -> TorchAttack.variants(p);
      default -> throw new UnsupportedException("the peer torch has no driver for " + p.driver());
    };
  }
}
