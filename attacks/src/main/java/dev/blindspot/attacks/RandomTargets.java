package dev.blindspot.attacks;

import java.util.SplittableRandom;

/** Wrong labels to aim at, as in table 1 of Szegedy et al. 2013. */
public final class RandomTargets {
  private RandomTargets() {}

  /**
   * For each sample a wrong label, drawn from the seed and the sample's key alone.
   *
   * @param samples key of each, such as its index in the data set
   * @param labels true ones, below {@code classes}
   */
  public static int[] draw(int[] samples, int[] labels, int classes, long seed) {
    int[] targets = new int[samples.length];
    for (int i = 0; i < targets.length; i++) {
      SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + samples[i]);
      int t = random.nextInt(classes - 1);
      targets[i] = t < labels[i] ? t : t + 1;
    }
    return targets;
  }
}
