package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.UnsupportedException;

/** Lays out a network's memory and prepares its layers. */
final class NetworkPlanner {
  private NetworkPlanner() {}

  static NetworkPlan plan(
      Network network,
      Backend backend,
      Parameters parameters,
      int maxBatch,
      NetworkOptions options) {
    throw new UnsupportedException("planner: " + network.name());
  }
}
