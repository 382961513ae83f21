package dev.blindspot.peers.onednn;

import dev.blindspot.bench.peer.PeerDriver;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.PeerVariant;
import dev.blindspot.engine.UnsupportedException;
import java.util.List;

/** oneDNN. */
public final class OneDnnDriver implements PeerDriver {
  @Override
  public String describe() {
    return "oneDNN";
  }

  @Override
  public List<PeerVariant> prepare(PeerProblem p) {
    throw new UnsupportedException("the peer onednn has no driver for " + p.driver());
  }
}
