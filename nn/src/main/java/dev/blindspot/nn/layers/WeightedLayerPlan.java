package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.BiasPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.nn.Fusion;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import java.util.ArrayList;
import java.util.List;

/**
 * A convolution or a dense layer: parameters "w" and, with bias, "b"; behind it a channel scale in
 * the weights, a residual and a ReLU in the primitive. Owns the packed weights.
 */
final class WeightedLayerPlan implements LayerPlan {
  private final WeightedPlan plan;
  private final boolean bias;
  private final Fusion fusion;
  private final BiasPlan biasGradient;
  private final ActivationPlan relu;
  private final GradientCopy residualGradient;
  private final FoldedWeights folded;
  private PackedWeights packed;

  /**
   * Everything, but the gradient is added only where the weights have none: one option for both.
   */
  static boolean fuses(LayerSetup setup) {
    Fusion f = setup.fusion();
    return !(f.accumulates().get(0) && setup.parameterGradient())
        && !(f.residual() && f.masks().get(1))
        && (f.relu() || !f.masked());
  }

  /** True for the input that is only added. */
  static boolean isResidual(LayerSetup setup, int input) {
    return setup.fusion().residual() && input == 1;
  }

  /** The primitive's post-operations. */
  static PostOp[] post(boolean bias, Fusion f) {
    List<PostOp> post = new ArrayList<>();
    if (bias || f.scale() != null) {
      post.add(PostOp.BIAS);
    }
    if (f.residual()) {
      post.add(PostOp.RESIDUAL_ADD);
    }
    if (f.relu()) {
      post.add(PostOp.RELU);
    }
    return post.toArray(PostOp[]::new);
  }

  /** The primitive's options. */
  static PlanOptions options(LayerSetup setup) {
    return Shapes.accumulating(setup);
  }

  /**
   * @param channels length of the bias
   * @param pixels elements of one sample's output that share an element of the bias
   */
  WeightedLayerPlan(WeightedPlan plan, LayerSetup setup, boolean bias, int channels, long pixels) {
    this.plan = plan;
    this.bias = bias;
    fusion = setup.fusion();
    boolean gradients = setup.inputGradient() || setup.parameterGradient();
    BiasDesc gradient = new BiasDesc(setup.type(), setup.maxBatch(), channels, pixels);
    biasGradient =
        bias && setup.parameterGradient()
            ? setup.backend().plan(gradient, PlanOptions.directions(Direction.BACKWARD_WEIGHTS))
            : null;
    relu = fusion.relu() && !fusion.masked() && gradients ? relu(setup) : null;
    residualGradient = fusion.residual() && gradients ? new GradientCopy(setup, 1) : null;
    folded = fusion.scale() == null ? null : new FoldedWeights(setup, bias, channels);
  }

  private static ActivationPlan relu(LayerSetup setup) {
    return setup
        .backend()
        .plan(
            new ActivationDesc(
                Activation.RELU, setup.type(), setup.maxBatch(), setup.output().size(), 0),
            PlanOptions.directions(Direction.BACKWARD_DATA));
  }

  @Override
  public void parametersChanged(Context ctx, LayerTensors t) {
    Tensor w = folded == null ? t.w(0) : folded.fold(t.ws());
    if (packed == null) {
      packed = plan.pack(ctx, w);
    } else {
      plan.repack(ctx, w, packed);
    }
  }

  @Override
  public void forward(Context ctx, LayerTensors t) {
    Tensor b = folded != null ? folded.bias() : bias ? t.w(1) : null;
    plan.forward(ctx, t.x(), packed, b, fusion.residual() ? t.xs().get(1) : null, t.y());
  }

  @Override
  public void backward(Context ctx, LayerTensors t) {
    if (relu != null) {
      relu.backwardData(ctx, t.y(), t.dy(), t.dy());
    }
    if (t.dx() != null) {
      Tensor mask = fusion.masks().get(0) ? t.x() : null;
      plan.backwardData(ctx, t.dy(), packed, mask, t.dx());
    }
    if (t.dw(0) != null) {
      plan.backwardWeights(ctx, t.x(), t.dy(), t.dw(0));
    }
    if (bias && t.dw(1) != null) {
      biasGradient.backwardWeights(ctx, t.dy(), t.dw(1));
    }
    if (residualGradient != null) {
      residualGradient.execute(ctx, t);
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
    if (folded != null) {
      folded.close();
    }
  }
}
