package dev.blindspot.bench.reproduce;

import java.util.Arrays;

/**
 * Samples to attack. Takes ownership of the arrays.
 *
 * @param index of each in its data set
 * @param images [n,...] in [0,1]
 * @param labels true ones
 * @param targets wrong labels to aim at
 */
public record Samples(int[] index, float[] images, int[] labels, int[] targets) {

  /** Number of samples. */
  public int count() {
    return index.length;
  }

  /** Values of one sample. */
  public int size() {
    return images.length / index.length;
  }

  /** Samples from..to-1. */
  Samples part(int from, int to) {
    return new Samples(
        Arrays.copyOfRange(index, from, to),
        Arrays.copyOfRange(images, from * size(), to * size()),
        Arrays.copyOfRange(labels, from, to),
        Arrays.copyOfRange(targets, from, to));
  }
}
