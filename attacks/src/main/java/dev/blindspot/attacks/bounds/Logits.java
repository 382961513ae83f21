package dev.blindspot.attacks.bounds;

import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Reshape;
import dev.blindspot.nn.layers.Softmax;

/**
 * The part of a classifier that gives logits: without a softmax at its end, whose saturation hides
 * both gradients and margins, and whose largest value is that of the logits.
 */
public final class Logits {
  private Logits() {}

  /** Number of nodes up to the logits. */
  public static int end(Network network) {
    int i = network.nodes().size();
    while (i > 1 && keepsLabels(network.nodes().get(i - 1).layer())) {
      i--;
    }
    return i;
  }

  /** The network up to its logits; runs on the same parameters. */
  public static Network of(Network network) {
    int end = end(network);
    return end == network.nodes().size() ? network : network.slice(0, end);
  }

  private static boolean keepsLabels(Layer layer) {
    return layer instanceof Softmax
        || layer instanceof Flatten
        || layer instanceof Reshape
        || layer instanceof Dropout;
  }
}
