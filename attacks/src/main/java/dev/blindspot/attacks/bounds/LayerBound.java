package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.InvalidInputException;

/**
 * Bracket of one layer's Lipschitz constant between Euclidean norms.
 *
 * @param name of the layer in its network; names joined by "+" where layers share a row
 * @param kind of the layer: "Conv2d", "ReLU"
 * @param lower no constant below this one holds; 0 where nothing is known
 * @param upper guaranteed; infinite if the parameters are not finite: then nothing is certified
 * @param method what gave the upper end
 */
public record LayerBound(String name, String kind, double lower, double upper, String method) {

  public LayerBound {
    if (!(lower >= 0 && lower <= upper)) {
      throw new InvalidInputException(
          "Bound of layer " + name + ": " + lower + " .. " + upper + " is not a bracket");
    }
  }

  /** A bracket whose ends agree: a constant known exactly. */
  public static LayerBound exact(String name, String kind, double value, String method) {
    return new LayerBound(name, kind, value, value, method);
  }

  /** Nothing is known: a parameter is not finite. */
  public static LayerBound notCertified(String name, String kind, String reason) {
    return new LayerBound(name, kind, 0, Double.POSITIVE_INFINITY, "not certified: " + reason);
  }

  /** True if the upper end is finite. */
  public boolean certified() {
    return upper < Double.POSITIVE_INFINITY;
  }

  LayerBound named(String newName, String newKind) {
    return new LayerBound(newName, newKind, lower, upper, method);
  }
}
