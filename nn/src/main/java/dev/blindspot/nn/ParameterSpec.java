package dev.blindspot.nn;

import dev.blindspot.engine.Shape;

/**
 * One parameter of a layer.
 *
 * @param name "w", "b", "gamma", ...
 * @param initializer how fresh values are drawn
 * @param trainable optimisers change it (running statistics are not trainable)
 * @param decays weight decay applies to it (not to biases)
 */
public record ParameterSpec(
    String name, Shape shape, Initializer initializer, boolean trainable, boolean decays) {

  /** A trained weight that decays. */
  public static ParameterSpec weight(String name, Shape shape, Initializer initializer) {
    return new ParameterSpec(name, shape, initializer, true, true);
  }

  /** A trained bias, zero at first, that does not decay. */
  public static ParameterSpec bias(String name, Shape shape) {
    return new ParameterSpec(name, shape, Initializer.constant(0), true, false);
  }
}
