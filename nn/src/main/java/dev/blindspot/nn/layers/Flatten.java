package dev.blindspot.nn.layers;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/** The sample as one row. */
public record Flatten() implements Layer {

  @Override
  public String kind() {
    return "Flatten";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    return Shape.of(Shapes.single(kind(), inputs).size());
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
