package dev.blindspot.attacks.training;

import dev.blindspot.nn.training.TrainingListener;

/** Hears of an adversarial training's progress, on the training thread. */
public interface AdversarialTrainingListener extends TrainingListener {

  /**
   * A pool was filled or renewed.
   *
   * @param epoch that begins
   * @param found what was put into it
   * @param size examples in the pool now
   */
  void renewed(int epoch, LayerAdversary.Found found, int size);

  /** Hears nothing. */
  static AdversarialTrainingListener silent() {
    return new AdversarialTrainingListener() {
      @Override
      public void step(long step, long steps, double loss) {}

      @Override
      public void renewed(int epoch, LayerAdversary.Found found, int size) {}
    };
  }
}
