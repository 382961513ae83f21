package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.nn.Fusion;
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
  public Role role(boolean training) {
    return Role.SUM;
  }

  @Override
  public boolean fuses(LayerSetup setup) {
    Fusion f = setup.fusion();
    return Shapes.onlyBackward(f) && !f.masks().contains(true);
  }

  @Override
  public boolean gradientInPlace(LayerSetup setup, int input) {
    return true;
  }

  @Override
  public ChannelsLast channelsLast(LayerSetup setup) {
    return ChannelsLast.FOLLOWS;
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    ElementwisePlan add = Shapes.elementwise(setup, ElementwiseOp.ADD);
    GradientCopy first = new GradientCopy(setup, 0);
    GradientCopy second = new GradientCopy(setup, 1);
    return new LayerPlan() {
      @Override
      public void forward(Context ctx, LayerTensors t) {
        add.execute(ctx, t.xs().get(0), t.xs().get(1), t.y());
      }

      @Override
      public void backward(Context ctx, LayerTensors t) {
        first.execute(ctx, t);
        second.execute(ctx, t);
      }

      @Override
      public List<String> implementations() {
        return Shapes.implementations(add);
      }
    };
  }
}
