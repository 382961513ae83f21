package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Tensor;

/**
 * What random numbers are keyed by, with the element's index in its row: never by batch position,
 * so that a sample draws the same numbers wherever compaction puts it.
 *
 * @param seed the user's seed
 * @param stream separates uses of one seed
 * @param sample I32 [n]: each row's sample index; null counts rows 0..n-1
 * @param step I32 [1]: a counter that a recorded program can advance; null is 0
 */
public record RandomKey(long seed, int stream, Tensor sample, Tensor step) {

  public static RandomKey of(long seed, int stream) {
    return new RandomKey(seed, stream, null, null);
  }
}
