package dev.blindspot.nn.data;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Damages files at random and watches what reading them does. */
public final class Damage {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Damage() {}

  /** Reads a file's content. */
  public interface Reader {
    void read(byte[] content) throws Exception;
  }

  /** What became of the damaged files. */
  public record Count(int read, int refused) {}

  /**
   * Truncates the content, flips bits, or overwrites bytes, {@code tries} times. Reading must work
   * or be refused by one of our exceptions, and allocate no more than {@code mostBytes}.
   */
  public static Count check(byte[] good, int tries, long seed, long mostBytes, Reader reader) {
    int refused = 0;
    for (int i = 0; i < tries; i++) {
      SplittableRandom random = new SplittableRandom(seed + i);
      byte[] bad = damage(good, random);
      long before = THREADS.getCurrentThreadAllocatedBytes();
      try {
        reader.read(bad);
      } catch (InvalidInputException | UnsupportedException e) {
        assertTrue(e.getMessage() != null && !e.getMessage().isBlank(), "a message");
        refused++;
      } catch (Exception | Error e) {
        throw new AssertionError("try " + i + " threw " + e, e);
      }
      long bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
      assertTrue(bytes <= mostBytes, "try " + i + " allocated " + bytes + " bytes");
    }
    return new Count(tries - refused, refused);
  }

  private static byte[] damage(byte[] good, SplittableRandom random) {
    int kind = random.nextInt(4);
    if (kind == 0) {
      return Arrays.copyOf(good, random.nextInt(good.length));
    }
    byte[] bad = good.clone();
    int places = random.nextInt(1, 4);
    for (int i = 0; i < places; i++) {
      // Half of the damage goes to the beginning, where headers are.
      int at = random.nextInt(random.nextBoolean() ? Math.min(64, bad.length) : bad.length);
      switch (kind) {
        case 1 -> bad[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bad[at] = (byte) random.nextInt(256);
        default -> Arrays.fill(bad, at, Math.min(bad.length, at + 4), (byte) 0xff);
      }
    }
    return bad;
  }
}
