package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import java.util.List;

/**
 * An activation function on every element; see {@link Activation}.
 *
 * @param slope of LEAKY_RELU, 0 for the others
 */
public record ActivationLayer(Activation activation, double slope) implements Layer {

  public static ActivationLayer relu() {
    return new ActivationLayer(Activation.RELU, 0);
  }

  public static ActivationLayer sigmoid() {
    return new ActivationLayer(Activation.SIGMOID, 0);
  }

  public static ActivationLayer tanh() {
    return new ActivationLayer(Activation.TANH, 0);
  }

  @Override
  public String kind() {
    return switch (activation) {
      case RELU -> "ReLU";
      case LEAKY_RELU -> "LeakyReLU";
      case SIGMOID -> "Sigmoid";
      case TANH -> "Tanh";
    };
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    return Shapes.single(kind(), inputs);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    ActivationPlan plan =
        setup
            .backend()
            .plan(
                new ActivationDesc(
                    activation, setup.type(), setup.maxBatch(), setup.output().size(), slope),
                Shapes.options(setup));
    return new LayerPlan() {
      @Override
      public void forward(Context ctx, LayerTensors t) {
        plan.forward(ctx, t.x(), t.y());
      }

      @Override
      public void backward(Context ctx, LayerTensors t) {
        if (t.dx() != null) {
          plan.backwardData(ctx, t.y(), t.dy(), t.dx());
        }
      }

      @Override
      public List<String> implementations() {
        return Shapes.implementations(plan);
      }
    };
  }
}
