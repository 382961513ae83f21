package dev.blindspot.nn;

import dev.blindspot.engine.Shape;
import java.util.List;

/**
 * A layer: what it computes, without parameters' values and without memory. Immutable; the layers
 * of this project are records, and so should a user's be. All shapes are those of one sample,
 * without the batch.
 */
public interface Layer {

  /** The layer's kind for reports and errors: "Conv2d", "ReLU". */
  String kind();

  /**
   * Shape of one sample's output.
   *
   * @throws dev.blindspot.engine.InvalidInputException if the inputs do not fit, naming the layer
   */
  Shape outputShape(List<Shape> inputs);

  /** The parameters that the layer needs for these inputs; none by default. */
  default List<ParameterSpec> parameters(List<Shape> inputs) {
    return List.of();
  }

  /** Prepares the layer for a backend; called once for each network plan. */
  LayerPlan plan(LayerSetup setup);
}
