package dev.blindspot.nn.layers;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.nn.Fusion;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
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
  public boolean fuses(LayerSetup setup) {
    return WeightedLayerPlan.fuses(setup);
  }

  @Override
  public boolean gradientInPlace(LayerSetup setup, int input) {
    return WeightedLayerPlan.isResidual(setup, input);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    Fusion fusion = setup.fusion();
    LinearDesc d =
        desc(setup.type(), setup.maxBatch(), setup.inputs().get(0))
            .post(WeightedLayerPlan.post(bias, fusion))
            .reluMask(fusion.masks().get(0));
    WeightedPlan plan = setup.backend().plan(d, WeightedLayerPlan.options(setup));
    return new WeightedLayerPlan(plan, setup, bias, d.k(), 1);
  }
}
