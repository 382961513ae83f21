package dev.blindspot.bench.peer;

import java.util.List;
import java.util.Map;

/**
 * A network that a peer builds to attack it with projected gradient descent in Linf on the
 * cross-entropy. The samples are {@link RandomData#images}, n c h w of the problem. An execution is
 * all steps from the clean samples on; the result is the gradient of the summed cross-entropy at
 * the clean samples.
 *
 * @param file of all parameters: float32, little endian
 * @param layers in their order
 * @param eps radius of the ball
 * @param step length of a step
 * @param steps of one execution; 1 step of length eps is the fast gradient sign method
 * @param labels of the samples
 */
public record PeerNetwork(
    String file, List<Layer> layers, double eps, double step, int steps, List<Integer> labels) {

  /**
   * A layer; its output has its number counted from 1, the input is number 0.
   *
   * @param kind "conv" k c r s stride pad, "linear" k c, "relu", "sigmoid", "maxpool" r stride,
   *     "avgpool" r stride, "flatten", "add", "shortcut" stride zeros (every stride-th pixel, zero
   *     channels behind)
   * @param inputs numbers of outputs
   * @param geometry sizes by their names above
   * @param weights index of the first weight in the file, the biases behind; -1 if it has none
   */
  public record Layer(
      String kind, List<Integer> inputs, Map<String, Integer> geometry, long weights) {

    /** A size. */
    public int get(String name) {
      return geometry.get(name);
    }
  }
}
