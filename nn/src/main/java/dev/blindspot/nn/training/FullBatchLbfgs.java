package dev.blindspot.nn.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.LossPlan;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.ParameterSpec;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Trains by L-BFGS on the whole data set. The loss and its gradient are computed on the backend in
 * slices of the recipe's batch and summed in double on the host, where {@link Lbfgs} keeps its
 * vectors: parameters are few beside the data.
 */
final class FullBatchLbfgs {
  private final Network network;
  private final Parameters parameters;
  private final Backend backend;
  private final Recipe recipe;
  private final TrainingListener listener;
  private final List<Parameters.Key> keys = new ArrayList<>();
  private final List<Double> decays = new ArrayList<>();
  private int size;

  FullBatchLbfgs(
      Network network,
      Parameters parameters,
      Backend backend,
      Recipe recipe,
      TrainingListener listener) {
    this.network = network;
    this.parameters = parameters;
    this.backend = backend;
    this.recipe = recipe;
    this.listener = listener;
    int layer = 0;
    for (Map.Entry<Parameters.Key, ParameterSpec> e : parameters.specs().entrySet()) {
      if (e.getValue().trainable()) {
        keys.add(e.getKey());
        decays.add(e.getValue().decays() ? recipe.decay(layer++) : 0.0);
        size += Math.toIntExact(e.getValue().shape().size());
      }
    }
  }

  void run(DataSet data) {
    int n = Math.min(recipe.batch(), data.size());
    long bytes =
        TensorArena.bytes(ElementType.F32, n * network.inputShape().size())
            + 2 * TensorArena.bytes(ElementType.I32, n)
            + TensorArena.bytes(ElementType.F32, n * network.outputShape().size());
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(bytes);
        NetworkPlan plan =
            network.plan(
                backend,
                parameters,
                n,
                NetworkOptions.of(NetworkOptions.Gradients.PARAMETERS).training(true))) {
      Slices slices = new Slices(data, n, ctx, arena, plan);
      double[] w = gather();
      Lbfgs.minimize(
          slices::value,
          w,
          recipe.epochs(),
          (iteration, value) -> listener.step(iteration, recipe.epochs(), value));
      scatter(w);
      plan.parametersChanged(ctx);
    }
  }

  private double[] gather() {
    double[] w = new double[size];
    int at = 0;
    for (Parameters.Key k : keys) {
      double[] v = parameters.values(k);
      System.arraycopy(v, 0, w, at, v.length);
      at += v.length;
    }
    return w;
  }

  private void scatter(double[] w) {
    int at = 0;
    for (Parameters.Key k : keys) {
      double[] v = new double[Math.toIntExact(parameters.get(k).size())];
      System.arraycopy(w, at, v, 0, v.length);
      parameters.set(k, v);
      at += v.length;
    }
  }

  /** The objective, slice by slice. */
  private final class Slices {
    private final DataSet data;
    private final int n;
    private final Context ctx;
    private final NetworkPlan plan;
    private final Tensor x;
    private final Tensor labels;
    private final Tensor loss;
    private final Tensor dz;
    private final LossPlan crossEntropy;

    Slices(DataSet data, int n, Context ctx, TensorArena arena, NetworkPlan plan) {
      this.data = data;
      this.n = n;
      this.ctx = ctx;
      this.plan = plan;
      x = arena.tensor(ElementType.F32, network.inputShape().batched(n), Layout.NCHW);
      labels = arena.tensor(ElementType.I32, n);
      loss = arena.tensor(ElementType.F32, n);
      dz = arena.tensor(ElementType.F32, network.outputShape().batched(n), Layout.NCHW);
      crossEntropy =
          backend.plan(
              LossDesc.crossEntropy(ElementType.F32, n, network.outputShape().size()),
              PlanOptions.forward());
    }

    /** Objective at w and its gradient. */
    double value(double[] w, double[] gradient) {
      scatter(w);
      plan.parametersChanged(ctx);
      Arrays.fill(gradient, 0);
      double sum = 0;
      for (int from = 0; from < data.size(); from += n) {
        sum += slice(from, Math.min(data.size(), from + n), gradient);
      }
      double value = sum / data.size();
      int at = 0;
      for (int i = 0; i < keys.size(); i++) {
        int end = at + Math.toIntExact(parameters.get(keys.get(i)).size());
        double lambda = decays.get(i);
        for (; at < end; at++) {
          gradient[at] += lambda * w[at];
          value += 0.5 * lambda * w[at] * w[at];
        }
      }
      return value;
    }

    private double slice(int from, int to, double[] gradient) {
      int count = to - from;
      Tensor in = count == n ? x : x.slice(0, count);
      Tensor wanted = count == n ? labels : labels.slice(0, count);
      Tensor losses = count == n ? loss : loss.slice(0, count);
      Tensor out = count == n ? dz : dz.slice(0, count);
      data.copyTo(from, to, in);
      int[] l = new int[count];
      for (int i = 0; i < count; i++) {
        l[i] = data.label(from + i);
      }
      wanted.copyFrom(l);
      Tensor z = plan.forward(ctx, in);
      crossEntropy.execute(ctx, z, wanted, 1.0 / data.size(), losses, out);
      plan.backward(ctx, out);
      int at = 0;
      for (Parameters.Key k : keys) {
        for (float g : plan.parameterGradient(k.node(), k.name()).toFloats()) {
          gradient[at++] += g;
        }
      }
      double sum = 0;
      for (float v : losses.toFloats()) {
        sum += v;
      }
      return sum;
    }
  }
}
