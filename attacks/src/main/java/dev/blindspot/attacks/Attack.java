package dev.blindspot.attacks;

import dev.blindspot.engine.primitives.Norm;

/** An attack with its settings: immutable, for any problem. */
public interface Attack {

  /** "lbfgs", "pgd", "fgsm". */
  String name();

  /** The norm it minimises or stays within. */
  Norm norm();

  /**
   * Attacks every sample. The same problem on the same backend with the same threads gives the same
   * bits.
   *
   * @param listener hears of the progress; {@link AttackListener#NONE} for nobody
   */
  AttackResult run(AttackProblem problem, AttackListener listener);

  /** Attacks every sample in silence. */
  default AttackResult run(AttackProblem problem) {
    return run(problem, AttackListener.NONE);
  }
}
