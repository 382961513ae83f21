package dev.blindspot.bench.workbench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Times of single series of executions.
 *
 * @param count executions of a series
 * @param micros time of one execution in each series, ascending
 */
record Sampling(int count, double[] micros) {
  /** Series that are timed, at least. */
  private static final int SERIES = 9;

  /** The same where one takes longer than all shall. */
  private static final int FEW = 5;

  /** Seconds of a series: long against the clock's step and a launch. */
  private static final double SERIES_SECONDS = 0.02;

  private static final int MOST_SERIES = 1000;
  private static final int MOST = 100_000;

  /**
   * Warms up, then times series for about so many seconds.
   *
   * @param seconds 0 for a single execution: to see that it runs
   */
  static Sampling of(Timed timed, double seconds) {
    return alternating(List.of(timed), seconds).get(0);
  }

  /**
   * The same of a prepared problem.
   *
   * @param flush as in {@link #of(Prepared, CacheFlush)}
   */
  static Sampling of(Prepared p, CacheFlush flush, double seconds) {
    return of(of(p, flush), seconds);
  }

  /**
   * Executions on their context, by the device's clock.
   *
   * @param flush what empties the caches before each execution; null for executions in a row
   */
  static Timed of(Prepared p, CacheFlush flush) {
    if (flush != null) {
      return count -> {
        double sum = 0;
        for (int i = 0; i < count; i++) {
          sum += p.context().time(() -> flush.run(p.context()), p::run);
        }
        return sum * 1e6 / count;
      };
    }
    return count ->
        p.context()
                .time(
                    () -> {
                      for (int i = 0; i < count; i++) {
                        p.run();
                      }
                    })
            * 1e6
            / count;
  }

  /**
   * Warms up each, then times a series of each in turn, again and again: what disturbs the machine
   * meanwhile meets all.
   *
   * @param seconds for each, about; 0 for a single execution
   */
  static List<Sampling> alternating(List<? extends Timed> all, double seconds) {
    int[] counts = new int[all.size()];
    int series = seconds == 0 ? 1 : MOST_SERIES;
    for (int i = 0; i < counts.length; i++) {
      counts[i] = seconds == 0 ? 1 : count(all.get(i));
      if (seconds > 0) {
        double once = all.get(i).micros(counts[i]) * counts[i];
        series = (int) Math.min(series, seconds * 1e6 / once);
      }
    }
    series = seconds == 0 ? 1 : Math.max(series == 0 ? FEW : SERIES, series);
    double[][] micros = new double[counts.length][series];
    for (int k = 0; k < series; k++) {
      for (int i = 0; i < counts.length; i++) {
        micros[i][k] = all.get(i).micros(counts[i]);
      }
    }
    List<Sampling> samplings = new ArrayList<>();
    for (int i = 0; i < counts.length; i++) {
      Arrays.sort(micros[i]);
      samplings.add(new Sampling(counts[i], micros[i]));
    }
    return samplings;
  }

  /** Executions of a series, after a warm-up. */
  static int count(Timed timed) {
    timed.micros(1);
    double once = timed.micros(2);
    return (int) Math.max(1, Math.min(MOST, SERIES_SECONDS * 1e6 / Math.max(once, 0.01)));
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
}
