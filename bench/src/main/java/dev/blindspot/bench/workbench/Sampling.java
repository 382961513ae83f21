package dev.blindspot.bench.workbench;

import java.util.Arrays;

/**
 * Times of single series of executions.
 *
 * @param count executions of a series
 * @param micros time of one execution in each series, ascending
 */
record Sampling(int count, double[] micros) {
  /** Series that are timed, at least. */
  private static final int SERIES = 9;

  /** Seconds of a series: long against the clock's step and a launch. */
  private static final double SERIES_SECONDS = 0.02;

  private static final int MOST = 100_000;

  /**
   * Warms up, then times series for about so many seconds.
   *
   * @param seconds 0 for a single execution: to see that it runs
   */
  static Sampling of(Prepared p, double seconds) {
    if (seconds == 0) {
      return new Sampling(1, new double[] {series(p, 1)});
    }
    series(p, 1);
    double once = series(p, 2);
    int count = (int) Math.max(1, Math.min(MOST, SERIES_SECONDS * 1e6 / Math.max(once, 0.01)));
    series(p, count);
    int series = (int) Math.max(SERIES, Math.min(1000, seconds * 1e6 / (count * once)));
    double[] micros = new double[series];
    for (int i = 0; i < series; i++) {
      micros[i] = series(p, count);
    }
    Arrays.sort(micros);
    return new Sampling(count, micros);
  }

  double min() {
    return micros[0];
  }

  double median() {
    return micros[micros.length / 2];
  }

  /** Half of the distance between the quartiles: how far apart two runs may lie. */
  double spread() {
    return 0.5 * (micros[3 * micros.length / 4] - micros[micros.length / 4]);
  }

  private static double series(Prepared p, int count) {
    double seconds =
        p.context()
            .time(
                () -> {
                  for (int i = 0; i < count; i++) {
                    p.run();
                  }
                });
    return seconds * 1e6 / count;
  }
}
