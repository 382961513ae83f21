package dev.blindspot.attacks.transfer;

import dev.blindspot.engine.InvalidInputException;
import java.util.SplittableRandom;

/** Images with Gaussian noise: what adversarial examples have to beat. */
public final class GaussianNoise {
  /** Separates these numbers from others of the same seed. */
  private static final long STREAM = 0x4e6f697365L;

  private GaussianNoise() {}

  /**
   * x + stddev z, clipped to [0,1], with z standard normal.
   *
   * <p>A sample's z follow from the seed and its key alone, by the method of Box and Muller (1958)
   * in strict arithmetic: the same bits on every machine, in any order, and the same z for every
   * standard deviation.
   *
   * @param x [n,size]
   * @param samples key of each sample
   * @return a new array
   */
  public static float[] add(float[] x, int[] samples, double stddev, long seed) {
    if (!(stddev >= 0 && stddev < Double.POSITIVE_INFINITY)) {
      throw new InvalidInputException(
          "Gaussian noise: the standard deviation must be at least 0 and finite, not " + stddev);
    }
    long stream = new SplittableRandom(seed ^ STREAM).nextLong();
    int size = x.length / samples.length;
    float[] y = new float[x.length];
    for (int i = 0; i < samples.length; i++) {
      SplittableRandom random = new SplittableRandom(stream + samples[i]);
      for (int k = 0; k < size; k += 2) {
        int at = i * size + k;
        // 1 - u lies in (0,1], where the logarithm is finite.
        double radius = Math.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
        double angle = 2 * Math.PI * random.nextDouble();
        y[at] = Amplification.clip(x[at] + stddev * radius * StrictMath.cos(angle));
        if (k + 1 < size) {
          y[at + 1] = Amplification.clip(x[at + 1] + stddev * radius * StrictMath.sin(angle));
        }
      }
    }
    return y;
  }
}
