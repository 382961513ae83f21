package dev.blindspot.bench.perf;

import dev.blindspot.engine.Context;
import java.util.Arrays;

/**
 * Times executions that a context submits and does not wait for: the device's time for many in a
 * row, up to the last one's end, divided by their number; the median of several such series.
 *
 * @param quick one execution only: to see that it runs
 */
record Stopwatch(boolean quick) {
  private static final int SERIES = 7;
  private static final double SERIES_SECONDS = 0.05;
  private static final int MOST = 10_000;

  /** Microseconds of one execution. */
  double micros(Context ctx, Runnable execution) {
    double once = series(ctx, execution, 1);
    if (quick) {
      return once;
    }
    once = series(ctx, execution, 3); // the first one loaded and compiled
    int count = (int) Math.max(1, Math.min(MOST, SERIES_SECONDS * 1e6 / Math.max(once, 1)));
    series(ctx, execution, count);
    double[] times = new double[SERIES];
    Arrays.setAll(times, i -> series(ctx, execution, count));
    Arrays.sort(times);
    return times[SERIES / 2];
  }

  private static double series(Context ctx, Runnable execution, int count) {
    double seconds =
        ctx.time(
            () -> {
              for (int i = 0; i < count; i++) {
                execution.run();
              }
            });
    return seconds * 1e6 / count;
  }
}
