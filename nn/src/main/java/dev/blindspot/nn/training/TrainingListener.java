package dev.blindspot.nn.training;

/** Hears of a training's progress, on the training thread. */
public interface TrainingListener {

  /**
   * After each step.
   *
   * @param step steps done, counted over all epochs
   * @param steps steps in all
   * @param loss mean loss of the step's samples, decay not counted; NaN where it was not read
   */
  void step(long step, long steps, double loss);

  /** Hears nothing. */
  static TrainingListener silent() {
    return (step, steps, loss) -> {};
  }
}
