package dev.blindspot.attacks.instability;

import java.util.Random;
import java.util.SplittableRandom;

/**
 * Gaussian noise as large as given perturbations: what an adversarial direction is held against.
 */
final class NoiseOfNorm {
  /** Separates these numbers from others of the same seed. */
  private static final long STREAM = 0x6469726563L;

  private NoiseOfNorm() {}

  /**
   * x + ||r|| z / ||z|| with z standard normal, so in a direction that is uniform on the sphere.
   * Not clipped: clipping would shorten it, and the bounds hold outside of [0,1], too. A sample's z
   * follow from the seed and its key alone and have equal bits on every machine.
   *
   * @param x [n,...]
   * @param norms ||r|| of each sample
   * @param keys of each sample
   * @return a new array
   */
  static float[] add(float[] x, double[] norms, int[] keys, long seed) {
    long stream = new SplittableRandom(seed ^ STREAM).nextLong();
    int size = x.length / norms.length;
    float[] y = new float[x.length];
    double[] z = new double[size];
    for (int i = 0; i < norms.length; i++) {
      Random random = new Random(new SplittableRandom(stream + keys[i]).nextLong());
      double squares = 0;
      for (int k = 0; k < size; k++) {
        z[k] = random.nextGaussian();
        squares += z[k] * z[k];
      }
      double scale = norms[i] / Math.sqrt(squares);
      for (int k = 0; k < size; k++) {
        y[i * size + k] = (float) (x[i * size + k] + scale * z[k]);
      }
    }
    return y;
  }
}
