package dev.blindspot.nn.layers;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import dev.blindspot.engine.primitives.SoftmaxPlan;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/**
 * Softmax or log-softmax over all of a sample's elements. Networks of the zoo end in logits and do
 * without.
 */
public record Softmax(boolean log) implements Layer {

  @Override
  public String kind() {
    return log ? "LogSoftmax" : "Softmax";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    return Shapes.single(kind(), inputs);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    SoftmaxPlan plan =
        setup
            .backend()
            .plan(
                new SoftmaxDesc(setup.type(), setup.maxBatch(), setup.output().size(), log),
                Shapes.options(setup));
    return new UnaryPlan(
        plan,
        (ctx, t) -> plan.forward(ctx, t.x(), t.y()),
        (ctx, t) -> plan.backwardData(ctx, t.y(), t.dy(), t.dx()));
  }
}
