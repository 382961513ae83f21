package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.BiasPlan;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import dev.blindspot.nn.ParameterSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Dense layer with k outputs, y = x w^T + b; an input of any shape is taken as one row. Parameters
 * "w" [k,c] and, with bias, "b" [k].
 */
public record Linear(int k, boolean bias, Initializer initializer) implements Layer {

  /** With bias and Glorot initialisation. */
  public static Linear of(int k) {
    return new Linear(k, true, Initializer.glorot(1));
  }

  @Override
  public String kind() {
    return "Linear";
  }

  /** The primitive's desc for an input of any shape. */
  public LinearDesc desc(ElementType type, long n, Shape input) {
    return new LinearDesc(
        type, n, Math.toIntExact(input.size()), k, bias ? List.of(PostOp.BIAS) : List.of(), false);
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    desc(ElementType.F32, 1, Shapes.single(kind(), inputs));
    return Shape.of(k);
  }

  @Override
  public List<ParameterSpec> parameters(List<Shape> inputs) {
    List<ParameterSpec> specs = new ArrayList<>();
    long c = Shapes.single(kind(), inputs).size();
    specs.add(ParameterSpec.weight("w", Shape.of(k, c), initializer));
    if (bias) {
      specs.add(ParameterSpec.bias("b", Shape.of(k)));
    }
    return specs;
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    return new Prepared(this, setup);
  }

  private static final class Prepared implements LayerPlan {
    private final LinearPlan plan;
    private final BiasPlan biasGradient;
    private final boolean bias;
    private PackedWeights packed;

    Prepared(Linear layer, LayerSetup setup) {
      LinearDesc d = layer.desc(setup.type(), setup.maxBatch(), setup.inputs().get(0));
      plan = setup.backend().plan(d, Shapes.options(setup));
      bias = layer.bias();
      biasGradient =
          bias && setup.parameterGradient()
              ? setup
                  .backend()
                  .plan(
                      new BiasDesc(setup.type(), setup.maxBatch(), d.k(), 1),
                      PlanOptions.directions(Direction.BACKWARD_WEIGHTS))
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
}
