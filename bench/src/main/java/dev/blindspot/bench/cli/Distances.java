package dev.blindspot.bench.cli;

/**
 * Distances between an image and its adversarial, in double from the float pixels.
 *
 * @param rms l2 over the root of the number of pixels
 */
record Distances(double l2, double linf, double rms) {

  /** Not a number: there is no adversarial. */
  static final Distances NONE = new Distances(Double.NaN, Double.NaN, Double.NaN);

  /** Of sample {@code i} of [n, size]. */
  static Distances of(float[] original, float[] adversarial, int i, int size) {
    double sum = 0;
    double max = 0;
    for (int k = i * size; k < (i + 1) * size; k++) {
      double d = (double) adversarial[k] - original[k];
      sum += d * d;
      max = Math.max(max, Math.abs(d));
    }
    return new Distances(Math.sqrt(sum), max, Math.sqrt(sum / size));
  }
}
