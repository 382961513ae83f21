package dev.blindspot.nn.layers;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.LocalResponseNormPlan;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/** Local response normalisation across channels of [c,h,w]; see {@link LocalResponseNormDesc}. */
public record LocalResponseNorm(int size, double alpha, double beta, double bias) implements Layer {

  @Override
  public String kind() {
    return "LocalResponseNorm";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    return Shapes.single(kind(), inputs);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    int c = Shapes.size(setup.output(), 0);
    LocalResponseNormPlan plan =
        setup
            .backend()
            .plan(
                new LocalResponseNormDesc(
                    setup.type(),
                    setup.maxBatch(),
                    c,
                    setup.output().size() / c,
                    size,
                    alpha,
                    beta,
                    bias),
                Shapes.options(setup));
    return new UnaryPlan(
        plan,
        (ctx, t) -> plan.forward(ctx, t.x(), t.y()),
        (ctx, t) -> plan.backwardData(ctx, t.x(), t.dy(), t.dx()));
  }
}
