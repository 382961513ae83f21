package dev.blindspot.bench.cli;

import dev.blindspot.attacks.RandomTargets;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSet;
import java.util.Arrays;

/**
 * Test examples to attack.
 *
 * @param index of each in the test split
 * @param images [n, c, h, w], one behind the other
 * @param labels true ones, which the network gives too
 */
record Examples(int[] index, float[] images, int[] labels) {

  /**
   * The first {@code count} correctly classified examples of a seeded shuffle, or all there are.
   */
  static Examples choose(DataSet test, int[] predicted, int count, long seed) {
    int[] chosen =
        Arrays.stream(test.shuffled(seed))
            .filter(i -> predicted[i] == test.label(i))
            .limit(count)
            .toArray();
    if (chosen.length == 0) {
      throw new InvalidInputException(
          "The network classifies none of the "
              + test.size()
              + " test examples of "
              + test.name()
              + " correctly: there is nothing to attack");
    }
    float[] images = new float[chosen.length * test.sampleSize()];
    test.read(chosen, 0, chosen.length, images, 0);
    return new Examples(chosen, images, Arrays.stream(chosen).map(test::label).toArray());
  }

  int count() {
    return index.length;
  }

  int sampleSize() {
    return images.length / index.length;
  }

  /** For each example a wrong label, drawn from the seed and its index alone. */
  int[] randomTargets(int classes, long seed) {
    return RandomTargets.draw(index, labels, classes, seed);
  }
}
