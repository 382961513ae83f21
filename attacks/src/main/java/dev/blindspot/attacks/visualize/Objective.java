package dev.blindspot.attacks.visualize;

import dev.blindspot.attacks.bounds.Logits;
import dev.blindspot.attacks.inspect.HiddenLayers;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/**
 * What is to become large, one picture for each index.
 *
 * @param kind of the number
 * @param layer name of the node; null for {@link Kind#CLASS}
 * @param indices channels, units or classes, each once; for {@link Kind#LAYER} the only index 0
 */
public record Objective(Kind kind, String layer, List<Integer> indices) {

  /** Kinds of numbers that a layer's activation a gives. */
  public enum Kind {
    /** Mean of one channel of a [c,h,w]; of a vector, one element. */
    CHANNEL,
    /** One element of the flattened a. */
    UNIT,
    /** The logit of a class. */
    CLASS,
    /** Mean of the squares of all elements of a: the objective of DeepDream. */
    LAYER
  }

  public Objective {
    indices = List.copyOf(indices);
    if (indices.isEmpty()) {
      throw new InvalidInputException("Visualisation: there is no " + name(kind) + " to look for");
    }
    if (new HashSet<>(indices).size() < indices.size()) {
      throw new InvalidInputException(
          "Visualisation: " + name(kind) + "s " + indices + " name one of them twice");
    }
  }

  /** Means of these channels. */
  public static Objective channels(String layer, int... channels) {
    return new Objective(Kind.CHANNEL, layer, list(channels));
  }

  /** These elements of the flattened activation. */
  public static Objective units(String layer, int... units) {
    return new Objective(Kind.UNIT, layer, list(units));
  }

  /** The logits of these classes, looked for behind a softmax. */
  public static Objective classes(int... classes) {
    return new Objective(Kind.CLASS, null, list(classes));
  }

  /** The mean square of a whole layer. */
  public static Objective dream(String layer) {
    return new Objective(Kind.LAYER, layer, List.of(0));
  }

  private static List<Integer> list(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  private static String name(Kind kind) {
    return kind.name().toLowerCase(java.util.Locale.ROOT);
  }

  /**
   * Fails if the network has no such layer, or the layer no such channel or unit.
   *
   * @throws InvalidInputException naming what there is
   */
  public void check(Network network) {
    Shape shape = network.node(node(network)).outputShape();
    long count =
        switch (kind) {
          case CHANNEL -> shape.dim(0);
          case UNIT, CLASS -> shape.size();
          case LAYER -> 1;
        };
    for (int i : indices) {
      if (i < 0 || i >= count) {
        throw new InvalidInputException(
            "Visualisation: "
                + name(kind)
                + " "
                + i
                + " is outside 0.."
                + (count - 1)
                + ": layer "
                + node(network)
                + " of "
                + network.name()
                + " gives "
                + shape);
      }
    }
  }

  /** Name of the node that is looked at. */
  String node(Network network) {
    if (kind == Kind.CLASS) {
      return network.nodes().get(Logits.end(network) - 1).name();
    }
    HiddenLayers.check(network, layer);
    return layer;
  }

  /**
   * The number for one sample.
   *
   * @param a activations [n,...]
   * @param at where the sample begins
   * @param shape of one sample's activation
   */
  double value(float[] a, int at, Shape shape, int index) {
    int size = (int) shape.size();
    double sum = 0;
    switch (kind) {
      case CHANNEL -> {
        int plane = size / (int) shape.dim(0);
        for (int i = 0; i < plane; i++) {
          sum += a[at + index * plane + i];
        }
        return sum / plane;
      }
      case LAYER -> {
        for (int i = 0; i < size; i++) {
          sum += (double) a[at + i] * a[at + i];
        }
        return sum / size;
      }
      default -> {
        return a[at + index];
      }
    }
  }

  /** Writes the number's gradient with respect to the sample's activation to {@code da}. */
  void gradient(float[] a, float[] da, int at, Shape shape, int index) {
    int size = (int) shape.size();
    switch (kind) {
      case CHANNEL -> {
        int plane = size / (int) shape.dim(0);
        int from = at + index * plane;
        Arrays.fill(da, at, at + size, 0);
        Arrays.fill(da, from, from + plane, 1f / plane);
      }
      case LAYER -> {
        for (int i = at; i < at + size; i++) {
          da[i] = 2 * a[i] / size;
        }
      }
      default -> {
        Arrays.fill(da, at, at + size, 0);
        da[at + index] = 1;
      }
    }
  }
}
