package dev.blindspot.engine.spi;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;

/** Life of a native resource: open or closed. Reports, never frees, one that was forgotten. */
public final class LeakReport {
  private static final Cleaner CLEANER = Cleaner.create();
  private final String what;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Throwable madeAt = new Throwable("made here");
  private Cleaner.Cleanable watch;

  private LeakReport(String what) {
    this.what = what;
  }

  /** Watches {@code owner}, described by {@code what}. */
  public static LeakReport watch(Object owner, String what) {
    LeakReport report = new LeakReport(what);
    report.watch = CLEANER.register(owner, report::found);
    return report;
  }

  /** What happens when the owner is found unreachable; at most once. */
  public void ownerIsUnreachable() {
    watch.clean();
  }

  private void found() {
    if (!closed.get()) {
      System.getLogger("dev.blindspot.engine")
          .log(
              System.Logger.Level.WARNING,
              "A " + what + " was never closed; its native memory is lost",
              madeAt);
    }
  }

  /** True at the first call only. */
  public boolean close() {
    boolean first = closed.compareAndSet(false, true);
    if (first) {
      watch.clean(); // nothing is left to be watched
    }
    return first;
  }

  /** Whether it was closed. */
  public boolean isClosed() {
    return closed.get();
  }

  /**
   * @throws IllegalStateException if closed, naming what and where it was made
   */
  public void checkOpen() {
    if (closed.get()) {
      throw new IllegalStateException("Used after close: " + what, madeAt);
    }
  }
}
