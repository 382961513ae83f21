package dev.blindspot.bench.peer;

import java.util.List;

/** A library that executes problems, inside its own process. */
public interface PeerDriver {

  /** Name and version. */
  String describe();

  /**
   * Prepares a problem in every way that may be the fastest: layouts, algorithms.
   *
   * @throws dev.blindspot.engine.UnsupportedException with the reason if it cannot do it
   */
  List<PeerVariant> prepare(PeerProblem problem);
}
