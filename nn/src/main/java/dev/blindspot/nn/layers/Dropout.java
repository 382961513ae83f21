package dev.blindspot.nn.layers;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.DropoutDesc;
import dev.blindspot.engine.primitives.DropoutPlan;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/** Inverted dropout in training plans, identity in others; see {@link DropoutDesc}. */
public record Dropout(double rate) implements Layer {

  @Override
  public String kind() {
    return "Dropout";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    return Shapes.single(kind(), inputs);
  }

  @Override
  public Role role(boolean training) {
    return training ? Role.OTHER : Role.VIEW;
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    if (!setup.training()) {
      return Shapes.copy(setup);
    }
    DropoutPlan plan =
        setup
            .backend()
            .plan(
                new DropoutDesc(setup.type(), setup.maxBatch(), setup.output().size(), rate),
                Shapes.options(setup));
    return new UnaryPlan(
        plan,
        (ctx, t) -> plan.forward(ctx, t.key(), t.x(), t.y()),
        (ctx, t) -> plan.backwardData(ctx, t.key(), t.dy(), t.dx()));
  }
}
