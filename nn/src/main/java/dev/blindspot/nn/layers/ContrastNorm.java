package dev.blindspot.nn.layers;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.ContrastNormDesc;
import dev.blindspot.engine.primitives.ContrastNormPlan;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/** Contrast normalisation of the whole sample; see {@link ContrastNormDesc}. */
public record ContrastNorm(double epsilon, double gamma) implements Layer {

  @Override
  public String kind() {
    return "ContrastNorm";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    return Shapes.single(kind(), inputs);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    ContrastNormPlan plan =
        setup
            .backend()
            .plan(
                new ContrastNormDesc(
                    setup.type(), setup.maxBatch(), setup.output().size(), epsilon, gamma),
                Shapes.options(setup));
    return new UnaryPlan(
        plan,
        (ctx, t) -> plan.forward(ctx, t.x(), t.y()),
        (ctx, t) -> plan.backwardData(ctx, t.x(), t.dy(), t.dx()));
  }
}
