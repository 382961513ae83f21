package dev.blindspot.nn.training;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Moves images by up to a few pixels. The move depends on the seed, the epoch and the sample only,
 * not on its place in a batch.
 */
final class RandomShift {
  private final int c;
  private final int h;
  private final int w;
  private final int most;
  private final long seed;
  private final float[] plane;

  /**
   * @param shape [c,h,w] of one image
   * @param most pixels moved at most
   */
  RandomShift(Shape shape, int most, long seed) {
    c = (int) shape.dim(0);
    h = (int) shape.dim(1);
    w = (int) shape.dim(2);
    if (most >= h || most >= w) {
      throw new InvalidInputException(
          "Recipe: a shift by " + most + " pixels moves images " + shape + " out of sight");
    }
    this.most = most;
    this.seed = seed;
    plane = new float[h * w];
  }

  /** Moves the image at {@code at} in {@code x}, in place. */
  void apply(float[] x, int at, int epoch, int sample) {
    if (most == 0) {
      return;
    }
    SplittableRandom random =
        new SplittableRandom((seed * 1_000_003 + epoch) * 0x9E3779B97F4A7C15L + sample);
    int down = random.nextInt(-most, most + 1);
    int right = random.nextInt(-most, most + 1);
    for (int i = 0; i < c; i++) {
      move(x, at + i * h * w, down, right);
    }
  }

  /** y[i,j] = x[i - down, j - right], 0 outside. */
  private void move(float[] x, int at, int down, int right) {
    System.arraycopy(x, at, plane, 0, plane.length);
    Arrays.fill(x, at, at + plane.length, 0f);
    int length = w - Math.abs(right);
    int from = Math.max(0, -right);
    int to = Math.max(0, right);
    for (int i = Math.max(0, down); i < h + Math.min(0, down); i++) {
      System.arraycopy(plane, (i - down) * w + from, x, at + i * w + to, length);
    }
  }
}
