package dev.blindspot.attacks;

/**
 * Size of a perturbation r in every norm, computed in double from float pixels.
 *
 * @param l0 number of pixels that changed
 * @param l1 sum |r|
 * @param l2 sqrt(sum r^2)
 * @param linf max |r|
 * @param rms l2 / sqrt(pixels): the paper's distortion (section 4.2)
 */
public record Distortion(long l0, double l1, double l2, double linf, double rms) {

  /** No perturbation. */
  public static final Distortion NONE = new Distortion(0, 0, 0, 0, 0);

  /** Between sample {@code i} of two arrays [n,size]. */
  public static Distortion between(float[] x, float[] adversarial, int i, int size) {
    long l0 = 0;
    double l1 = 0;
    double squares = 0;
    double linf = 0;
    for (int k = i * size; k < (i + 1) * size; k++) {
      double r = (double) adversarial[k] - x[k];
      l0 += r != 0 ? 1 : 0;
      l1 += Math.abs(r);
      squares += r * r;
      linf = Math.max(linf, Math.abs(r));
    }
    return new Distortion(l0, l1, Math.sqrt(squares), linf, Math.sqrt(squares / size));
  }
}
