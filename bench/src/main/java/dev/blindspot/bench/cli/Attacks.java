package dev.blindspot.bench.cli;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.UnsupportedException;

/** Runs attacks on a network. */
final class Attacks {
  private Attacks() {}

  /**
   * Runs one attack.
   *
   * @param targets label aimed at for each example; null if untargeted
   */
  static Attacked run(
      AttackSettings settings,
      BlindspotCommand command,
      Backend backend,
      Subject subject,
      Examples examples,
      int[] targets) {
    throw new UnsupportedException(
        "Attack " + settings.kind() + " is not part of this build; use train or bounds");
  }
}
