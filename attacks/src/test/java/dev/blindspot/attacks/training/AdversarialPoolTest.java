package dev.blindspot.attacks.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.training.AdversarialPool.Replacement;
import dev.blindspot.engine.InvalidInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class AdversarialPoolTest {

  /** Examples whose every value, and whose label, is their number. */
  private static void add(AdversarialPool pool, int width, int first, int count) {
    float[] x = new float[count * width];
    int[] y = new int[count];
    for (int i = 0; i < count; i++) {
      Arrays.fill(x, i * width, (i + 1) * width, first + i);
      y[i] = first + i;
    }
    pool.add(x, y);
  }

  private static Set<Integer> content(AdversarialPool pool, int width) {
    Set<Integer> numbers = new HashSet<>();
    for (int i = 0; i < pool.size(); i++) {
      float[] expected = new float[width];
      Arrays.fill(expected, pool.label(i));
      assertArrayEquals(expected, pool.example(i), "values go with their label");
      assertTrue(numbers.add(pool.label(i)), "no example stands twice");
    }
    return numbers;
  }

  @Property(tries = 300, seed = "20131221")
  void holdsTheNewestAndNeverMoreThanItsCapacity(
      @ForAll @IntRange(min = 1, max = 12) int capacity,
      @ForAll @IntRange(min = 1, max = 3) int width,
      @ForAll Replacement replacement,
      @ForAll long seed) {
    AdversarialPool pool = new AdversarialPool("input", width, capacity, replacement, seed);
    SplittableRandom random = new SplittableRandom(seed);
    int all = 0;
    for (int k = 0; k < 8; k++) {
      int count = random.nextInt(capacity + 1);
      Set<Integer> before = content(pool, width);
      add(pool, width, all, count);
      all += count;
      Set<Integer> now = content(pool, width);
      assertEquals(Math.min(capacity, all), pool.size());
      assertEquals(all, pool.added());
      for (int i = all - count; i < all; i++) {
        assertTrue(now.contains(i), "example " + i + " just came in");
      }
      now.removeIf(i -> i >= pool.added() - count);
      assertTrue(before.containsAll(now));
      if (replacement == Replacement.OLDEST) {
        int oldest = all - pool.size();
        assertTrue(content(pool, width).stream().allMatch(i -> i >= oldest));
      }
    }
  }

  @Test
  void randomReplacementIsRandomAndSeeded() {
    List<Set<Integer>> contents = new ArrayList<>();
    for (long seed : new long[] {1, 1, 2}) {
      AdversarialPool pool = new AdversarialPool("input", 1, 50, Replacement.RANDOM, seed);
      add(pool, 1, 0, 50);
      add(pool, 1, 50, 20);
      contents.add(content(pool, 1));
    }
    assertEquals(contents.get(0), contents.get(1));
    assertFalse(contents.get(0).equals(contents.get(2)));
    long old = contents.get(0).stream().filter(i -> i < 20).count();
    assertTrue(old > 0 && old < 20, old + " of the 20 oldest are left");
  }

  @Test
  void drawsGiveEveryExampleAndDependOnTheKeyOnly() {
    AdversarialPool pool = new AdversarialPool("input", 2, 10, Replacement.RANDOM, 7);
    add(pool, 2, 0, 10);
    Set<Integer> seen = new HashSet<>();
    for (long key = 0; key < 40; key++) {
      float[] x = new float[8];
      int[] y = new int[4];
      pool.draw(key, x, y);
      float[] x2 = new float[8];
      int[] y2 = new int[4];
      pool.draw(key, x2, y2);
      assertArrayEquals(y, y2);
      assertArrayEquals(x, x2);
      for (int i = 0; i < 4; i++) {
        assertEquals(y[i], x[2 * i]);
        assertEquals(y[i], x[2 * i + 1]);
        seen.add(y[i]);
      }
    }
    assertEquals(10, seen.size());
  }

  @Test
  void stateRestoresAPool() {
    for (Replacement r : Replacement.values()) {
      AdversarialPool a = new AdversarialPool("input", 3, 5, r, 7);
      add(a, 3, 0, 5);
      add(a, 3, 5, 2);
      AdversarialPool b = new AdversarialPool("input", 3, 5, r, 7);
      assertTrue(b.fits(a.state()));
      b.restore(a.state());
      add(a, 3, 7, 3);
      add(b, 3, 7, 3);
      for (int i = 0; i < 5; i++) {
        assertEquals(a.label(i), b.label(i));
        assertArrayEquals(a.example(i), b.example(i));
      }
      assertFalse(new AdversarialPool("input", 2, 5, r, 7).fits(a.state()), "other width");
      assertFalse(new AdversarialPool("input", 3, 4, r, 7).fits(a.state()), "too small");
    }
  }

  private static void refused(String words, Runnable work) {
    InvalidInputException e = assertThrows(InvalidInputException.class, work::run);
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  @Test
  void badInputIsRefused() {
    Replacement r = Replacement.OLDEST;
    refused("Pool of s1: 0 examples", () -> new AdversarialPool("s1", 3, 0, r, 1));
    refused("below 2^31", () -> new AdversarialPool("s1", 1 << 20, 1 << 20, r, 1));
    AdversarialPool pool = new AdversarialPool("s1", 3, 4, r, 1);
    refused("example 0 of 0", () -> pool.draw(1, new float[3], new int[1]));
    refused("the pool holds 4", () -> pool.add(new float[15], new int[5]));
    refused("4 values with 1 labels", () -> pool.add(new float[4], new int[1]));
    refused("example 0 of 0", () -> pool.label(0));
  }
}
