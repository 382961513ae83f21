package dev.blindspot.attacks.transfer;

import dev.blindspot.attacks.Distortion;
import dev.blindspot.engine.InvalidInputException;

/**
 * Perturbations brought to one size, as for the lower half of table 4 of Szegedy et al. 2013.
 *
 * <p>The paper prints x + s (x' - x) / ||x' - x||_2. With the L2 norm that is a distortion of s /
 * sqrt(pixels), which on MNIST shrinks where the text says that it enlarges; what fits the text and
 * the numbers is the root mean square in its place, and that is what stands here.
 */
public final class Amplification {
  private Amplification() {}

  /**
   * x + rms (x' - x) / RMS(x' - x), clipped to [0,1]; the clipping can leave less than {@code rms}.
   * Where x' = x there is no direction, and the result is x.
   *
   * @param x clean samples [n,size] in [0,1]
   * @param adversarial their changed samples, of the same length
   * @param size values of one sample
   * @param rms distortion aimed at, in (0,1]
   * @return a new array
   */
  public static float[] toRms(float[] x, float[] adversarial, int size, double rms) {
    if (!(rms > 0 && rms <= 1)) {
      throw new InvalidInputException(
          "Amplification: the RMS distortion aimed at is "
              + rms
              + "; between images in [0,1] it is above 0 and at most 1");
    }
    if (size < 1 || x.length % size != 0 || adversarial.length != x.length) {
      throw new InvalidInputException(
          "Amplification: "
              + adversarial.length
              + " changed values for "
              + x.length
              + " clean ones in samples of "
              + size);
    }
    float[] y = x.clone();
    for (int i = 0; i < x.length / size; i++) {
      double reached = Distortion.between(x, adversarial, i, size).rms();
      if (reached > 0) {
        double scale = rms / reached;
        for (int k = i * size; k < (i + 1) * size; k++) {
          y[k] = clip(x[k] + scale * ((double) adversarial[k] - x[k]));
        }
      }
    }
    return y;
  }

  /** The nearest float of [0,1]; NaN stays NaN. */
  static float clip(double v) {
    return (float) Math.min(1, Math.max(0, v));
  }
}
