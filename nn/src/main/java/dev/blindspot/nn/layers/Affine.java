package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BatchNormPlan;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import dev.blindspot.nn.ParameterSpec;
import java.util.Arrays;
import java.util.List;

/**
 * A fixed scale and shift, such as the normalisation of pixels: y = scale x + shift. The parameters
 * {@value #SCALE} and {@value #SHIFT} are not trained. Its Jacobian is diagonal: the spectral norm
 * is the largest absolute scale.
 *
 * @param perElement one scale and shift for each element of a sample, else for each channel (the
 *     sample's first dimension)
 */
public record Affine(boolean perElement) implements Layer {
  /** Name of the factors [c], or [elements of a sample]. */
  public static final String SCALE = "scale";

  /** Name of the summands [c], or [elements of a sample]. */
  public static final String SHIFT = "shift";

  /** So small that 1 + epsilon is 1: the primitive's division is then exact. */
  private static final double EPSILON = 1e-30;

  @Override
  public String kind() {
    return "Affine";
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    if (inputs.size() != 1 || inputs.get(0).rank() < 1 || inputs.get(0).size() < 1) {
      throw new InvalidInputException("Affine: needs one input with elements, not " + inputs);
    }
    return inputs.get(0);
  }

  @Override
  public List<ParameterSpec> parameters(List<Shape> inputs) {
    Shape shape = Shape.of(channels(inputs.get(0)));
    return List.of(
        new ParameterSpec(SCALE, shape, Initializer.constant(1), false, false),
        new ParameterSpec(SHIFT, shape, Initializer.constant(0), false, false));
  }

  private long channels(Shape sample) {
    return perElement ? sample.size() : sample.dim(0);
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    return new Prepared(setup, channels(setup.inputs().get(0)));
  }

  /** Inference batch normalisation with mean 0 and variance 1. */
  private static final class Prepared implements LayerPlan {
    private final BatchNormPlan plan;
    private final TensorArena arena;
    private final Tensor zeros;
    private final Tensor ones;

    Prepared(LayerSetup setup, long channels) {
      int c = Math.toIntExact(channels);
      long spatial = setup.output().size() / c;
      BatchNormDesc desc = new BatchNormDesc(setup.type(), setup.maxBatch(), c, spatial, EPSILON);
      PlanOptions options =
          setup.inputGradient()
              ? PlanOptions.directions(Direction.FORWARD, Direction.BACKWARD_DATA)
              : PlanOptions.forward();
      plan = setup.backend().plan(desc, options.precision(setup.precision()));
      arena = setup.backend().arena(2 * TensorArena.bytes(setup.type(), c));
      zeros = filled(setup.type(), c, 0);
      ones = filled(setup.type(), c, 1);
    }

    private Tensor filled(ElementType type, int c, double value) {
      Tensor t = arena.tensor(type, c);
      if (type == ElementType.F64) {
        double[] v = new double[c];
        Arrays.fill(v, value);
        return t.copyFrom(v);
      }
      float[] v = new float[c];
      Arrays.fill(v, (float) value);
      return t.copyFrom(v);
    }

    @Override
    public void forward(Context ctx, LayerTensors t) {
      plan.forwardInference(ctx, t.x(), t.w(0), t.w(1), zeros, ones, t.y());
    }

    @Override
    public void backward(Context ctx, LayerTensors t) {
      if (t.dx() != null) {
        plan.backwardDataInference(ctx, t.dy(), t.w(0), ones, t.dx());
      }
    }

    @Override
    public List<String> implementations() {
      return List.of("forward " + plan.implementation(Direction.FORWARD));
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
