package dev.blindspot.bench.cli;

import dev.blindspot.engine.Backend;

/** Runs attacks on a network. */
final class Attacks {
  private Attacks() {}

  static Attacked minimal(BlindspotCommand c, Backend b, Subject s, Examples e, int[] targets) {
    throw new UnsupportedOperationException();
  }
}
