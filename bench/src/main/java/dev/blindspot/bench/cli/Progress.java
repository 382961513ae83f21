package dev.blindspot.bench.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * How far a long task is: a bar on a terminal, elsewhere a line at every quarter, nothing with
 * {@code --quiet}. May be updated from any one thread at a time.
 */
final class Progress implements AutoCloseable {
  private final Console console;
  private final boolean quiet;
  private final String task;
  private final String unit;
  private final long total;
  private final ProgressBar bar;
  private long nextQuarter = 1;

  private Progress(
      Console console, boolean quiet, String task, String unit, long total, ProgressBar bar) {
    this.console = console;
    this.quiet = quiet;
    this.task = task;
    this.unit = unit;
    this.total = total;
    this.bar = bar;
  }

  static Progress start(Console console, boolean quiet, String task, String unit, long total) {
    ProgressBar bar = null;
    if (!quiet && console.terminal()) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(task)
              .setInitialMax(total)
              .setUnit(" " + unit, 1)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(200)
              .setConsumer(new ConsoleProgressBarConsumer(System.err, 100))
              .clearDisplayOnFinish()
              .build();
    }
    return new Progress(console, quiet, task, unit, total, bar);
  }

  /**
   * So much is done.
   *
   * @param done 0..total
   * @param detail shown behind, may be empty
   */
  void update(long done, String detail) {
    if (bar != null) {
      bar.stepTo(done);
      bar.setExtraMessage(detail);
    } else if (!quiet && total > 0 && 4 * done >= nextQuarter * total) {
      nextQuarter = 4 * done / total + 1;
      String tail = detail.isEmpty() ? "" : ", " + detail;
      console.err().println(task + ": " + done + " of " + total + " " + unit + tail);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
