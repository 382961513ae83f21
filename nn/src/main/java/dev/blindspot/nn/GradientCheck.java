package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import java.util.SplittableRandom;

/**
 * Compares a network's gradients with central differences of order four in F64. For researchers'
 * own layers as for ours. The function differentiated is the sum of dy * y with random dy; choose x
 * away from kinks (a ReLU at 0, a tie of a max-pool), or the differences are wrong, not the layer.
 */
public final class GradientCheck {
  private static final double STEP = 1e-3;

  /**
   * Largest deviations |analytic - numeric| / max(1, |numeric|).
   *
   * @param input over the elements of x
   * @param parameters over all trainable parameters
   */
  public record Result(double input, double parameters) {}

  private final Network network;
  private final Backend backend;
  private final Parameters parameters;
  private final boolean training;

  /**
   * @param backend one with F64 for all layers: the reference
   * @param parameters F64 on that backend; values are changed and put back
   * @param training check training behaviour (batch norm by the batch's statistics, dropout)
   */
  public GradientCheck(Network network, Backend backend, Parameters parameters, boolean training) {
    this.network = network;
    this.backend = backend;
    this.parameters = parameters;
    this.training = training;
  }

  /** Checks all gradients at x (n samples in a row), with dy drawn from the seed. */
  public Result run(int n, double[] x, long seed) {
    NetworkOptions options =
        NetworkOptions.of(NetworkOptions.Gradients.BOTH)
            .type(ElementType.F64)
            .training(training)
            .seed(seed);
    long inputs = network.inputShape().size();
    long outputs = network.outputShape().size();
    long bytes =
        TensorArena.bytes(ElementType.F64, n * inputs)
            + TensorArena.bytes(ElementType.F64, n * outputs);
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(bytes);
        NetworkPlan plan = network.plan(backend, parameters, n, options)) {
      Tensor in = arena.tensor(ElementType.F64, network.inputShape().batched(n), Layout.NCHW);
      Tensor dy = arena.tensor(ElementType.F64, network.outputShape().batched(n), Layout.NCHW);
      SplittableRandom random = new SplittableRandom(seed);
      double[] weights = random.doubles(n * outputs, -1, 1).toArray();
      in.copyFrom(x);
      dy.copyFrom(weights);
      plan.forward(ctx, in);
      plan.backward(ctx, dy);
      double[] dx = plan.inputGradient().toDoubles();
      double worst = 0;
      double[] moved = x.clone();
      for (int i = 0; i < x.length; i++) {
        int at = i;
        double numeric =
            difference(
                delta -> {
                  moved[at] = x[at] + delta;
                  in.copyFrom(moved);
                  return value(plan, ctx, in, weights);
                });
        moved[at] = x[at];
        worst = Math.max(worst, deviation(dx[i], numeric));
      }
      in.copyFrom(x);
      return new Result(worst, parameterDeviation(plan, ctx, in, dy, weights));
    }
  }

  private double parameterDeviation(
      NetworkPlan plan, Context ctx, Tensor in, Tensor dy, double[] weights) {
    double worst = 0;
    for (var entry : parameters.specs().entrySet()) {
      if (!entry.getValue().trainable()) {
        continue;
      }
      Parameters.Key key = entry.getKey();
      plan.forward(ctx, in);
      plan.backward(ctx, dy);
      double[] dw = plan.parameterGradient(key.node(), key.name()).toDoubles();
      double[] w = parameters.values(key);
      double[] moved = w.clone();
      for (int i = 0; i < w.length; i++) {
        int at = i;
        double numeric =
            difference(
                delta -> {
                  moved[at] = w[at] + delta;
                  parameters.set(key, moved);
                  plan.parametersChanged(ctx);
                  return value(plan, ctx, in, weights);
                });
        moved[at] = w[at];
        worst = Math.max(worst, deviation(dw[i], numeric));
      }
      parameters.set(key, w);
      plan.parametersChanged(ctx);
    }
    return worst;
  }

  private static double value(NetworkPlan plan, Context ctx, Tensor in, double[] weights) {
    double[] y = plan.forward(ctx, in).toDoubles();
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      sum += weights[i] * y[i];
    }
    return sum;
  }

  private interface Function {
    double at(double delta);
  }

  /** f'(0) = (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h + O(h^4). */
  private static double difference(Function f) {
    double near = f.at(STEP) - f.at(-STEP);
    double far = f.at(2 * STEP) - f.at(-2 * STEP);
    return (8 * near - far) / (12 * STEP);
  }

  private static double deviation(double analytic, double numeric) {
    double d = Math.abs(analytic - numeric) / Math.max(1, Math.abs(numeric));
    return Double.isNaN(d) ? Double.POSITIVE_INFINITY : d;
  }
}
