package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.primitives.ConcatPlan;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import java.util.List;

/** Joins inputs along the sample's first dimension (channels); the others must agree. */
public record Concat() implements Layer {

  @Override
  public String kind() {
    return "Concat";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    if (inputs.isEmpty() || inputs.get(0).rank() < 1) {
      throw new InvalidInputException("Concat: needs inputs with channels, not " + inputs);
    }
    long channels = 0;
    for (Shape s : inputs) {
      if (s.rank() < 1 || !s.row().equals(inputs.get(0).row())) {
        throw new InvalidInputException("Concat: inputs differ behind the channels: " + inputs);
      }
      channels += s.dim(0);
    }
    return inputs.get(0).withBatch(channels);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    ConcatPlan plan =
        setup
            .backend()
            .plan(
                new ConcatDesc(
                    setup.type(),
                    setup.maxBatch(),
                    setup.inputs().stream().map(Shape::size).toList()),
                Shapes.options(setup));
    return new LayerPlan() {
      @Override
      public void forward(Context ctx, LayerTensors t) {
        plan.forward(ctx, t.xs(), t.y());
      }

      @Override
      public void backward(Context ctx, LayerTensors t) {
        plan.backwardData(ctx, t.dy(), t.dxs());
      }

      @Override
      public List<String> implementations() {
        return Shapes.implementations(plan);
      }
    };
  }
}
