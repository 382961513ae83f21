package dev.blindspot.attacks.visualize;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import java.util.List;

/** Values and input gradients of an objective for a batch, one sample for each index. */
final class LayerGradient implements AutoCloseable {
  private final Objective objective;
  private final List<Integer> indices;
  private final Shape outputShape;
  private final NetworkPlan plan;
  private final Context context;
  private final TensorArena arena;
  private final Tensor input;
  private final Tensor slope;
  private final float[] da;

  /**
   * Plans the network, whose output is the layer looked at.
   *
   * @param indices of the objective that this batch is for
   */
  LayerGradient(
      Network network,
      Parameters parameters,
      Backend backend,
      Objective objective,
      List<Integer> indices) {
    this.objective = objective;
    this.indices = indices;
    outputShape = network.outputShape();
    int n = indices.size();
    plan = network.plan(backend, parameters, n, NetworkOptions.of(Gradients.INPUT));
    context = backend.newContext();
    da = new float[Math.toIntExact(n * outputShape.size())];
    arena =
        backend.arena(
            TensorArena.bytes(ElementType.F32, n * network.inputShape().size())
                + TensorArena.bytes(ElementType.F32, da.length));
    input = arena.tensor(ElementType.F32, network.inputShape().batched(n), Layout.NCHW);
    slope = arena.tensor(ElementType.F32, outputShape.batched(n), Layout.NCHW);
  }

  /**
   * The objective of each sample.
   *
   * @param x [n,...]
   * @throws InvalidInputException if one is not finite
   */
  double[] values(float[] x) {
    return objectives(forward(x));
  }

  private float[] forward(float[] x) {
    Tensor y = plan.forward(context, input.copyFrom(x));
    context.synchronize();
    return y.toFloats();
  }

  private double[] objectives(float[] a) {
    double[] values = new double[indices.size()];
    int size = da.length / values.length;
    for (int i = 0; i < values.length; i++) {
      values[i] = objective.value(a, i * size, outputShape, indices.get(i));
      checkFinite("the objective", values[i], i);
    }
    return values;
  }

  /**
   * The gradient of each sample's objective with respect to the sample, [n,...].
   *
   * @param values overwritten with the objectives
   * @throws InvalidInputException if something is not finite
   */
  float[] gradient(float[] x, double[] values) {
    float[] a = forward(x);
    System.arraycopy(objectives(a), 0, values, 0, values.length);
    int size = da.length / values.length;
    for (int i = 0; i < values.length; i++) {
      objective.gradient(a, da, i * size, outputShape, indices.get(i));
    }
    plan.backward(context, slope.copyFrom(da));
    context.synchronize();
    float[] dx = plan.inputGradient().toFloats();
    for (int i = 0; i < dx.length; i++) {
      checkFinite("a gradient", dx[i], i / (dx.length / values.length));
    }
    return dx;
  }

  private void checkFinite(String what, double value, int sample) {
    if (!Double.isFinite(value)) {
      throw new InvalidInputException(
          "Visualisation: "
              + what
              + " of index "
              + indices.get(sample)
              + " of "
              + plan.network().name()
              + " is "
              + value
              + "; check the network's parameters");
    }
  }

  @Override
  public void close() {
    arena.close();
    context.close();
    plan.close();
  }
}
