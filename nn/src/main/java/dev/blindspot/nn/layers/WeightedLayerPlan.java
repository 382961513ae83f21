package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.BiasPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import java.util.List;

/** A convolution or a dense layer: parameters "w" and, with bias, "b". Owns the packed weights. */
final class WeightedLayerPlan implements LayerPlan {
  private final WeightedPlan plan;
  private final BiasPlan biasGradient;
  private final boolean bias;
  private PackedWeights packed;

  /**
   * @param channels length of the bias
   * @param pixels elements of one sample's output that share an element of the bias
   */
  WeightedLayerPlan(WeightedPlan plan, LayerSetup setup, boolean bias, int channels, long pixels) {
    this.plan = plan;
    this.bias = bias;
    BiasDesc gradient = new BiasDesc(setup.type(), setup.maxBatch(), channels, pixels);
    biasGradient =
        bias && setup.parameterGradient()
            ? setup.backend().plan(gradient, PlanOptions.directions(Direction.BACKWARD_WEIGHTS))
            : null;
  }

  @Override
  public void parametersChanged(Context ctx, LayerTensors t) {
    if (packed == null) {
      packed = plan.pack(ctx, t.w(0));
    } else {
      plan.repack(ctx, t.w(0), packed);
    }
  }

  @Override
  public void forward(Context ctx, LayerTensors t) {
    plan.forward(ctx, t.x(), packed, bias ? t.w(1) : null, t.y());
  }

  @Override
  public void backward(Context ctx, LayerTensors t) {
    if (t.dx() != null) {
      plan.backwardData(ctx, t.dy(), packed, t.dx());
    }
    if (t.dw(0) != null) {
      plan.backwardWeights(ctx, t.x(), t.dy(), t.dw(0));
    }
    if (bias && t.dw(1) != null) {
      biasGradient.backwardWeights(ctx, t.dy(), t.dw(1));
    }
  }

  @Override
  public List<String> implementations() {
    return Shapes.implementations(plan);
  }

  @Override
  public void close() {
    if (packed != null) {
      packed.close();
    }
  }
}
