package dev.blindspot.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class MemoryLayoutTest {

  /** Blocks alive at once never overlap, are aligned and lie inside. */
  @Property(tries = 300)
  void livesNeverCollide(
      @ForAll @Size(min = 1, max = 30) int[] sizes, @ForAll @IntRange(max = 1 << 20) int seed) {
    MemoryLayout layout = new MemoryLayout();
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    int n = sizes.length;
    long[] bytes = new long[n];
    int[] from = new int[n];
    int[] to = new int[n];
    for (int i = 0; i < n; i++) {
      bytes[i] = 1 + (sizes[i] & 0xffff);
      from[i] = random.nextInt(20);
      to[i] = from[i] + random.nextInt(10);
      assertEquals(i, layout.add(bytes[i], from[i], to[i]));
    }
    layout.place();
    for (int i = 0; i < n; i++) {
      long at = layout.offset(i);
      assertTrue(at % 64 == 0 && at >= 0 && at + bytes[i] <= layout.total());
      for (int j = 0; j < i; j++) {
        boolean together = from[i] <= to[j] && from[j] <= to[i];
        boolean apart = at + bytes[i] <= layout.offset(j) || layout.offset(j) + bytes[j] <= at;
        assertTrue(!together || apart, "blocks " + j + " and " + i);
      }
    }
  }

  @Test
  void aChainNeedsTwoBuffers() {
    MemoryLayout layout = new MemoryLayout();
    for (int i = 0; i < 10; i++) {
      layout.add(640, i, i + 1);
    }
    layout.place();
    assertEquals(2 * 640, layout.total());
  }
}
