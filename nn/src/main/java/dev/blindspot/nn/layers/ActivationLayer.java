package dev.blindspot.nn.layers;

import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.nn.Fusion;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/**
 * An activation function on every element; see {@link Activation}.
 *
 * @param slope of LEAKY_RELU, 0 for the others
 */
public record ActivationLayer(Activation activation, double slope) implements Layer {

  /** max(x, 0), with derivative 0 at 0. */
  public static ActivationLayer relu() {
    return new ActivationLayer(Activation.RELU, 0);
  }

  /** 1 / (1 + exp(-x)). */
  public static ActivationLayer sigmoid() {
    return new ActivationLayer(Activation.SIGMOID, 0);
  }

  /** tanh(x). */
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
  public Role role(boolean training) {
    return activation == Activation.RELU ? Role.RELU : Role.OTHER;
  }

  /** A ReLU may be left the mask of its gradient. */
  @Override
  public boolean fuses(LayerSetup setup) {
    Fusion f = setup.fusion();
    boolean forward = f.scale() != null || f.residual() || f.relu();
    return !forward && !f.masks().get(0) && (!f.masked() || activation == Activation.RELU);
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
    boolean masked = setup.fusion().masked();
    ActivationDesc d =
        new ActivationDesc(
            activation, setup.type(), setup.maxBatch(), setup.output().size(), slope);
    ActivationPlan plan =
        setup.backend().plan(d, masked ? PlanOptions.forward() : Shapes.accumulating(setup));
    GradientCopy copy = masked ? new GradientCopy(setup, 0) : null;
    return new UnaryPlan(
        plan,
        (ctx, t) -> plan.forward(ctx, t.x(), t.y()),
        masked ? copy::execute : (ctx, t) -> plan.backwardData(ctx, t.y(), t.dy(), t.dx()));
  }
}
