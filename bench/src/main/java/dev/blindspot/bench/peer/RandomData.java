package dev.blindspot.bench.peer;

import java.util.SplittableRandom;

/** Random numbers that this program and its peers draw alike, so that none has to be sent. */
public final class RandomData {
  private static final long SEED = 0x626e6368L;

  private RandomData() {}

  /** So many values uniform in [-1,1) of a stream; a longer tensor begins as a shorter one does. */
  public static float[] uniform(int stream, int count) {
    SplittableRandom random = new SplittableRandom(SEED + stream);
    float[] f = new float[count];
    for (int i = 0; i < count; i++) {
      f[i] = (float) (2 * random.nextDouble() - 1);
    }
    return f;
  }

  /** So many values uniform in [0,1): pictures to attack. */
  public static float[] images(int count) {
    float[] f = uniform(0, count);
    for (int i = 0; i < count; i++) {
      f[i] = 0.5f * f[i] + 0.5f;
    }
    return f;
  }
}
