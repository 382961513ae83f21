package dev.blindspot.attacks.bounds;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/** Runs independent tasks on a few threads of its own that end with the call. */
final class Workers {
  private Workers() {}

  /**
   * Runs tasks 0..count-1, each once, in ascending order of start. The first failure is thrown when
   * all threads have ended.
   *
   * @param worker makes what one thread uses
   */
  static void run(int threads, int count, Supplier<IntConsumer> worker) {
    AtomicInteger next = new AtomicInteger();
    AtomicReference<RuntimeException> failure = new AtomicReference<>();
    Runnable loop =
        () -> {
          try {
            IntConsumer task = worker.get();
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
              task.accept(i);
            }
          } catch (RuntimeException e) {
            failure.compareAndSet(null, e);
            next.set(count);
          }
        };
    Thread[] helpers = new Thread[Math.max(0, Math.min(threads, count) - 1)];
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = new Thread(loop, "blindspot-bounds-" + (i + 1));
      helpers[i].setDaemon(true);
      helpers[i].start();
    }
    loop.run();
    boolean interrupted = false;
    for (Thread t : helpers) {
      interrupted |= join(t);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure.get() != null) {
      throw failure.get();
    }
  }

  /** Waits to the end even if interrupted; says whether it was. */
  private static boolean join(Thread t) {
    boolean interrupted = false;
    while (true) {
      try {
        t.join();
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }
}
