package dev.blindspot.peers.onednn;

import dev.blindspot.bench.peer.PeerDriver;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import dev.blindspot.engine.UnsupportedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.bytedeco.javacpp.Loader;

/** oneDNN. */
public final class OneDnnDriver implements PeerDriver {
  private final OneDnn library = new OneDnn();

  @Override
  public String describe() {
    try {
      return "oneDNN " + Loader.getVersion("org.bytedeco", "dnnl");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<PeerVariant> prepare(PeerProblem p) {
    return switch (p.driver()) {
      case "conv" -> new OneDnnConv(library, p).variants();
      case "pool" -> new OneDnnPool(library, p).variants();
      case "matmul" -> List.of(OneDnnMatmul.variant(library, p));
      default -> throw new UnsupportedException("the peer onednn has no driver for " + p.driver());
    };
  }
}
