package dev.blindspot.nn.layers;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/** The sample's elements under another shape of equal size. */
public record Reshape(Shape shape) implements Layer {

  @Override
  public String kind() {
    return "Reshape";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    Shape in = Shapes.single(kind(), inputs);
    if (in.size() != shape.size()) {
      throw new InvalidInputException("Reshape: " + in + " to " + shape + ": sizes differ");
    }
    return shape;
  }

  @Override
  public Role role(boolean training) {
    return Role.VIEW;
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    return Shapes.copy(setup);
  }
}
