package dev.blindspot.engine.cuda.library;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a plan holds of libraries, closed together, last first. Threads may add at any time. */
public final class Resources implements AutoCloseable {
  private final Deque<AutoCloseable> held = new ArrayDeque<>();
  private volatile boolean closed;

  /**
   * Takes over a resource.
   *
   * @throws IllegalStateException if closed; the resource is closed then
   */
  public synchronized <R extends AutoCloseable> R add(R resource) {
    if (closed) {
      close(resource);
      checkOpen();
    }
    held.push(resource);
    return resource;
  }

  /**
   * @throws IllegalStateException if closed
   */
  public void checkOpen() {
    if (closed) {
      throw new IllegalStateException("The plan is closed; make another one");
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    while (!held.isEmpty()) {
      close(held.pop());
    }
  }

  /** Closes a resource that throws no checked exception. */
  public static void close(AutoCloseable resource) {
    try {
      resource.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("closing " + resource, e);
    }
  }
}
