package dev.blindspot.bench.peer;

import java.util.List;
import java.util.Map;

/**
 * A network that a peer builds to attack it.
 *
 * @param file of all parameters: float32, little endian
 * @param layers in their order
 * @param eps radius of the ball in Linf
 * @param step length of a step
 * @param steps of one execution; with 1 step of length eps it is the fast gradient sign method
 */
public record PeerNetwork(String file, List<Layer> layers, double eps, double step, int steps) {

  /**
   * A layer; its output has its number, the input is number 0.
   *
   * @param kind "conv" k r s stride pad, "linear" units, "relu", "sigmoid", "maxpool" r stride,
   *     "avgpool" r stride, "flatten", "add", "shortcut" stride channels (every stride-th pixel,
   *     zero channels behind)
   * @param inputs numbers of outputs
   * @param geometry sizes by their names above
   * @param weights index of the first weight in the file, then the biases; -1 if it has none
   */
  public record Layer(
      String kind, List<Integer> inputs, Map<String, Integer> geometry, long weights) {

    /** A size. */
    public int get(String name) {
      return geometry.get(name);
    }
  }
}
