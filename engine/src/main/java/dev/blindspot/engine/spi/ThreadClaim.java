package dev.blindspot.engine.spi;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Which thread is using a context: it belongs to one at a time, and two at once are found out.
 * Claiming twice by one thread is allowed; a release gives it up at once.
 */
public final class ThreadClaim {
  private static final VarHandle USER;

  static {
    try {
      USER = MethodHandles.lookup().findVarHandle(ThreadClaim.class, "user", Thread.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The thread between take and release; accessed through USER. */
  private Thread user;

  /** The thread that records, or null. */
  private volatile Thread recorder;

  /** Takes the context for this thread; refuses while another one executes or records on it. */
  public void take() {
    Thread me = Thread.currentThread();
    Thread other = (Thread) USER.compareAndExchange(this, (Thread) null, me);
    if (other == null) {
      other = recorder;
      if (other != null && other != me) {
        release();
      }
    }
    if (other != null && other != me) {
      throw new IllegalStateException(
          "A context belongs to one thread at a time; "
              + other
              + " is using this one. Make a context for each thread");
    }
  }

  /** The execution is over. */
  public void release() {
    USER.setRelease(this, (Thread) null);
  }

  /** Keeps the context for this thread until {@link #recorded}. */
  public void record() {
    recorder = Thread.currentThread();
  }

  /** Recording is over. */
  public void recorded() {
    recorder = null;
  }

  /** Whether some thread records. */
  public boolean isRecording() {
    return recorder != null;
  }
}
