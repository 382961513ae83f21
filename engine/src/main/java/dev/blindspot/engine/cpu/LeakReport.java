package dev.blindspot.engine.cpu;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;

/** Life of a native resource: open or closed. Reports, never frees, one that was forgotten. */
final class LeakReport {
  private static final Cleaner CLEANER = Cleaner.create();
  private final String what;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Throwable madeAt = new Throwable("made here");

  private LeakReport(String what) {
    this.what = what;
  }

  /** Watches {@code owner}, described by {@code what}. */
  static LeakReport watch(Object owner, String what) {
    LeakReport report = new LeakReport(what);
    CLEANER.register(owner, report::found);
    return report;
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
  boolean close() {
    return closed.compareAndSet(false, true);
  }

  void checkOpen() {
    if (closed.get()) {
      throw new IllegalStateException("Used after close: " + what, madeAt);
    }
  }
}
