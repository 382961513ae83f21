package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BatchNormPlan;
import dev.blindspot.nn.Fusion;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import dev.blindspot.nn.ParameterSpec;
import java.util.List;

/**
 * Batch normalisation for each channel (the sample's first dimension); see {@link BatchNormDesc}.
 * Parameters "gamma", "beta" and the running "mean", "variance" [c]. In training plans it uses the
 * batch's statistics and moves the running ones by momentum, else the running ones.
 */
public record BatchNorm(double epsilon, double momentum) implements Layer {

  /** epsilon 1e-5, momentum 0.1. */
  public static BatchNorm standard() {
    return new BatchNorm(1e-5, 0.1);
  }

  @Override
  public String kind() {
    return "BatchNorm";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    return Shapes.single(kind(), inputs);
  }

  @Override
  public List<ParameterSpec> parameters(List<Shape> inputs) {
    Shape c = Shape.of(Shapes.single(kind(), inputs).dim(0));
    return List.of(
        new ParameterSpec("gamma", c, Initializer.constant(1), true, false),
        new ParameterSpec("beta", c, Initializer.constant(0), true, false),
        new ParameterSpec("mean", c, Initializer.constant(0), false, false),
        new ParameterSpec("variance", c, Initializer.constant(1), false, false));
  }

  @Override
  public Role role(boolean training) {
    return training ? Role.OTHER : Role.CHANNEL_SCALE;
  }

  @Override
  public void channelScale(List<double[]> parameters, double[] scale, double[] shift) {
    for (int c = 0; c < scale.length; c++) {
      scale[c] = parameters.get(0)[c] / Math.sqrt(parameters.get(3)[c] + epsilon);
      shift[c] = parameters.get(1)[c] - parameters.get(2)[c] * scale[c];
    }
  }

  /** In training a residual and a ReLU; the mask of its gradient stays with the batch norm. */
  @Override
  public boolean fuses(LayerSetup setup) {
    Fusion f = setup.fusion();
    return f.isNone()
        || (setup.training()
            && f.scale() == null
            && !f.masked()
            && !f.masks().contains(true)
            && !f.accumulates().get(0));
  }

  @Override
  public boolean gradientInPlace(LayerSetup setup, int input) {
    return WeightedLayerPlan.isResidual(setup, input);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    return new Prepared(this, setup);
  }

  private static final class Prepared implements LayerPlan {
    private final BatchNorm layer;
    private final LayerSetup setup;
    private final BatchNormPlan plan;
    private final int channels;
    private final Fusion fusion;
    private final GradientCopy residualGradient;
    private Tensor unwanted;

    Prepared(BatchNorm layer, LayerSetup setup) {
      this.layer = layer;
      this.setup = setup;
      channels = Shapes.size(setup.output(), 0);
      fusion = setup.fusion();
      PlanOptions options =
          setup.training() && (setup.inputGradient() || setup.parameterGradient())
              ? PlanOptions.all().precision(setup.precision())
              : Shapes.options(setup);
      plan =
          setup
              .backend()
              .plan(
                  new BatchNormDesc(
                      setup.type(),
                      setup.maxBatch(),
                      channels,
                      setup.output().size() / channels,
                      layer.epsilon(),
                      List.of(WeightedLayerPlan.post(false, fusion))),
                  options);
      residualGradient =
          fusion.residual() && (setup.inputGradient() || setup.parameterGradient())
              ? new GradientCopy(setup, 1)
              : null;
    }

    /** In training: the batch's mean and inverse deviation, and dx, dgamma, dbeta nobody wants. */
    @Override
    public List<Saved> saved() {
      if (!setup.training()) {
        return List.of();
      }
      Saved channel = new Saved(setup.type(), Shape.of(channels));
      Saved all = new Saved(setup.type(), setup.output().batched(setup.maxBatch()));
      boolean backward = setup.inputGradient() || setup.parameterGradient();
      return backward
          ? List.of(channel, channel, channel, channel, all)
          : List.of(channel, channel);
    }

    @Override
    public void forward(Context ctx, LayerTensors t) {
      if (setup.training()) {
        plan.forwardTraining(
            ctx,
            t.x(),
            t.w(0),
            t.w(1),
            layer.momentum(),
            t.w(2),
            t.w(3),
            t.saved(0),
            t.saved(1),
            fusion.residual() ? t.xs().get(1) : null,
            t.y());
      } else {
        plan.forwardInference(ctx, t.x(), t.w(0), t.w(1), t.w(2), t.w(3), t.y());
      }
    }

    @Override
    public void backward(Context ctx, LayerTensors t) {
      if (setup.training()) {
        Tensor dx = t.dx() != null ? t.dx() : unwanted(t);
        Tensor dgamma = t.dw(0) != null ? t.dw(0) : t.saved(2);
        Tensor dbeta = t.dw(1) != null ? t.dw(1) : t.saved(3);
        Tensor mask = fusion.relu() ? t.y() : null;
        plan.backwardTraining(
            ctx, t.x(), mask, t.dy(), t.w(0), t.saved(0), t.saved(1), dx, dgamma, dbeta);
        if (residualGradient != null) {
          residualGradient.execute(ctx, t);
        }
        return;
      }
      if (t.dw(0) != null) {
        plan.backwardWeightsInference(ctx, t.x(), t.dy(), t.w(2), t.w(3), t.dw(0), t.dw(1));
      }
      if (t.dx() != null) {
        plan.backwardDataInference(ctx, t.dy(), t.w(0), t.w(3), t.dx());
      }
    }

    /** Room for a dx that nobody wants, made anew only when the batch changes. */
    private Tensor unwanted(LayerTensors t) {
      if (unwanted == null || unwanted.n() != t.x().n()) {
        unwanted = t.saved(4).slice(0, t.x().n());
      }
      return unwanted;
    }

    @Override
    public List<String> implementations() {
      return Shapes.implementations(plan);
    }
  }
}
