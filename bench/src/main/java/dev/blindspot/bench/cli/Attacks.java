package dev.blindspot.bench.cli;

import dev.blindspot.attacks.Attack;
import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.engine.Backend;

/** Runs attacks on a network, with progress on the console. */
final class Attacks {
  private Attacks() {}

  /**
   * Runs one attack and confirms what it found on the reference backend.
   *
   * @param targets label aimed at for each example; null if untargeted
   */
  static Attacked run(
      Attack attack,
      BlindspotCommand command,
      Backend backend,
      Subject subject,
      Examples examples,
      int[] targets) {
    long began = System.nanoTime();
    AttackResult result = find(attack, command, backend, subject, examples, targets);
    double seconds = (System.nanoTime() - began) / 1e9;
    command.say("Confirming on the reference backend");
    return Attacked.confirm(result, seconds, subject);
  }

  /** Runs one attack; its examples are inside [0,1]. */
  static AttackResult find(
      Attack attack,
      BlindspotCommand command,
      Backend backend,
      Subject subject,
      Examples examples,
      int[] targets) {
    AttackProblem problem =
        AttackProblem.of(
                subject.network(),
                subject.parameters(),
                backend,
                examples.images(),
                examples.labels())
            .targets(targets)
            .samples(examples.index())
            .seed(command.seed);
    try (Progress progress =
        command.progress("Attacking " + subject.name(), "examples", examples.count())) {
      return attack.run(problem, (finished, total) -> progress.update(finished, ""));
    }
  }
}
