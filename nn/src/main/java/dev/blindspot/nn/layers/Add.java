package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import java.util.List;

/** Sum of two inputs of equal shape. */
public record Add() implements Layer {

  @Override
  public String kind() {
    return "Add";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    if (inputs.size() != 2 || !inputs.get(0).equals(inputs.get(1))) {
      throw new InvalidInputException("Add: needs two inputs of equal shape, not " + inputs);
    }
    return inputs.get(0);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    long length = setup.output().size();
    ElementwisePlan add =
        setup
            .backend()
            .plan(
                new ElementwiseDesc(ElementwiseOp.ADD, setup.type(), setup.maxBatch(), length),
                PlanOptions.forward());
    ElementwisePlan copy =
        setup
            .backend()
            .plan(
                new ElementwiseDesc(ElementwiseOp.COPY, setup.type(), setup.maxBatch(), length),
                PlanOptions.forward());
    return new LayerPlan() {
      @Override
      public void forward(Context ctx, LayerTensors t) {
        add.execute(ctx, t.xs().get(0), t.xs().get(1), t.y());
      }

      @Override
      public void backward(Context ctx, LayerTensors t) {
        for (int i = 0; i < 2; i++) {
          if (t.dxs().get(i) != null) {
            copy.execute(ctx, t.dy(), null, t.dxs().get(i));
          }
        }
      }

      @Override
      public List<String> implementations() {
        return Shapes.implementations(add);
      }
    };
  }
}
