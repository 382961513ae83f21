package dev.blindspot.bench.peer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What the threads of another process do, as Linux says it. */
final class ProcessThreads {
  /** Looks in a row that must find no thread at work. */
  private static final int LOOKS = 5;

  private static final long MILLISECONDS_BETWEEN = 1;

  /** Some threads never sleep; they disturb whoever measures. */
  private static final int MOST_LOOKS = 2000;

  private final Path tasks;

  ProcessThreads(long pid) {
    tasks = Path.of("/proc", Long.toString(pid), "task");
  }

  /**
   * Waits until all threads sleep: those of thread pools spin after their work, some for 30 ms.
   * Where the system does not tell it waits for 5 ms, and not longer than 2 s anywhere.
   */
  void awaitSleep() throws InterruptedException {
    int quiet = 0;
    for (int i = 0; i < MOST_LOOKS && quiet < LOOKS; i++) {
      Thread.sleep(MILLISECONDS_BETWEEN);
      quiet = anyRuns() ? 0 : quiet + 1;
    }
  }

  private boolean anyRuns() {
    if (!Files.isDirectory(tasks)) {
      return false;
    }
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
      for (Path thread : threads) {
        if (runs(thread)) {
          return true;
        }
      }
      return false;
    } catch (NoSuchFileException | DirectoryIteratorException e) {
      return false; // the process has ended
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The state follows the thread's name, which stands in parentheses and may hold anything. */
  private static boolean runs(Path thread) {
    try {
      String stat = Files.readString(thread.resolve("stat"), ISO_8859_1);
      int state = stat.lastIndexOf(')') + 2;
      return state < stat.length() && stat.charAt(state) == 'R';
    } catch (IOException e) {
      return false; // the thread has ended; Linux says so in several ways
    }
  }
}
