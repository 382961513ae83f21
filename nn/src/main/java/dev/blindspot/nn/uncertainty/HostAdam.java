package dev.blindspot.nn.uncertainty;

/** Adam (Kingma and Ba 2015) with beta 0.9 and 0.999, epsilon 1e-8, in double, for one array. */
final class HostAdam {
  private final double[] first;
  private final double[] second;

  HostAdam(int size) {
    first = new double[size];
    second = new double[size];
  }

  /**
   * Changes x against its gradient.
   *
   * @param step 1 for the first
   */
  void step(double[] x, double[] gradient, double rate, long step) {
    double firstBias = 1 - Math.pow(0.9, step);
    double secondBias = 1 - Math.pow(0.999, step);
    for (int i = 0; i < x.length; i++) {
      first[i] += 0.1 * (gradient[i] - first[i]);
      second[i] += 0.001 * (gradient[i] * gradient[i] - second[i]);
      x[i] -= rate * (first[i] / firstBias) / (Math.sqrt(second[i] / secondBias) + 1e-8);
    }
  }
}
