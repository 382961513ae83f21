package dev.blindspot.attacks;

/** Hears how far an attack is, on the thread that runs it. */
@FunctionalInterface
public interface AttackListener {

  /** Hears nothing. */
  AttackListener NONE = (finished, total) -> {};

  /**
   * Called every few steps.
   *
   * @param finished work done so far, in samples
   * @param total samples of the problem
   */
  void progress(long finished, long total);
}
