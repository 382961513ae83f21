package dev.blindspot.attacks.training;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSet;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Adversarial examples for the output of one layer, with their true labels. It grows up to its
 * capacity; from then on new examples take the places of old ones. Owns its values, on the host.
 * For one thread; equal seeds and calls give equal bits.
 */
public final class AdversarialPool {

  /** Which examples give way to new ones. */
  public enum Replacement {
    /** Those that have been there longest. */
    OLDEST,
    /** A random subset, as in the paper. */
    RANDOM
  }

  private final String layer;
  private final int width;
  private final int capacity;
  private final Replacement replacement;
  private final long seed;
  private final float[] examples;
  private final int[] labels;
  private int size;
  private long added;

  /**
   * An empty pool.
   *
   * @param layer whose output the examples are, for reports and errors
   * @param width values of one example
   * @param capacity examples at most
   * @param seed of random replacement and of what {@link #draw} gives
   * @throws InvalidInputException if a number is below 1, or so many values fit no array
   */
  public AdversarialPool(
      String layer, int width, int capacity, Replacement replacement, long seed) {
    if (width < 1 || capacity < 1 || (long) width * capacity > Integer.MAX_VALUE - 8) {
      throw new InvalidInputException(
          "Pool of "
              + layer
              + ": "
              + capacity
              + " examples of "
              + width
              + " values; both must be at least 1, and their product below 2^31");
    }
    this.layer = layer;
    this.width = width;
    this.capacity = capacity;
    this.replacement = replacement;
    this.seed = seed;
    examples = new float[width * capacity];
    labels = new int[capacity];
  }

  /** Whose output the examples are. */
  public String layer() {
    return layer;
  }

  /** Examples at most. */
  public int capacity() {
    return capacity;
  }

  /** Examples now. */
  public int size() {
    return size;
  }

  /** Examples added since the beginning. */
  public long added() {
    return added;
  }

  /** A copy of example {@code i}, 0..size-1. */
  public float[] example(int i) {
    checkIndex(i);
    return Arrays.copyOfRange(examples, i * width, (i + 1) * width);
  }

  /** True label of example {@code i}, 0..size-1. */
  public int label(int i) {
    checkIndex(i);
    return labels[i];
  }

  private void checkIndex(int i) {
    if (i < 0 || i >= size) {
      throw new InvalidInputException("Pool of " + layer + ": example " + i + " of " + size);
    }
  }

  /**
   * Adds examples: into free places, then in place of old ones.
   *
   * @param values [n,width]; copied
   * @param trueLabels [n], n at most the capacity; copied
   */
  public void add(float[] values, int[] trueLabels) {
    int n = trueLabels.length;
    if (n > capacity || values.length != (long) n * width) {
      throw new InvalidInputException(
          "Pool of "
              + layer
              + ": "
              + values.length
              + " values with "
              + n
              + " labels; an example has "
              + width
              + " values, the pool holds "
              + capacity);
    }
    int free = Math.min(n, capacity - size);
    int[] places = n > free ? replaced(n - free, free) : new int[0];
    for (int i = 0; i < n; i++) {
      int place = i < free ? size + i : places[i - free];
      System.arraycopy(values, i * width, examples, place * width, width);
      labels[place] = trueLabels[i];
    }
    size += free;
    added += n;
  }

  /** Places of so many old examples; the {@code fresh} ones just coming in are none of them. */
  private int[] replaced(int count, int fresh) {
    if (replacement == Replacement.OLDEST) {
      // Free places are filled in order, so places repeat in turn.
      int[] places = new int[count];
      Arrays.setAll(places, i -> (int) ((added + fresh + i) % capacity));
      return places;
    }
    return Arrays.copyOf(DataSet.shuffled(size, Seeds.mix(seed, added)), count);
  }

  /**
   * Draws examples, each time any of the pool.
   *
   * @param key of the drawing: equal keys of an unchanged pool give equal examples
   * @param x filled with [labels.length,width]
   * @param y filled with their true labels
   * @throws InvalidInputException if the pool is empty
   */
  public void draw(long key, float[] x, int[] y) {
    checkIndex(0);
    SplittableRandom random = new SplittableRandom(Seeds.mix(seed, ~key));
    for (int i = 0; i < y.length; i++) {
      int place = random.nextInt(size);
      System.arraycopy(examples, place * width, x, i * width, width);
      y[i] = labels[place];
    }
  }

  /** Everything that changes, for a checkpoint. */
  List<double[]> state() {
    double[] values = new double[size * width];
    Arrays.setAll(values, i -> examples[i]);
    double[] l = new double[size];
    Arrays.setAll(l, i -> labels[i]);
    return List.of(new double[] {added}, l, values);
  }

  /** True if {@link #restore} can take this. */
  boolean fits(List<double[]> state) {
    return state.size() == 3
        && state.get(0).length == 1
        && state.get(1).length <= capacity
        && state.get(2).length == (long) state.get(1).length * width;
  }

  void restore(List<double[]> state) {
    added = (long) state.get(0)[0];
    size = state.get(1).length;
    for (int i = 0; i < size; i++) {
      labels[i] = (int) state.get(1)[i];
    }
    for (int i = 0; i < size * width; i++) {
      examples[i] = (float) state.get(2)[i];
    }
  }
}
