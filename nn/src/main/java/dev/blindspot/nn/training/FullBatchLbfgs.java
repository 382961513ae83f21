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
import dev.blindspot.nn.Parameters;
import java.util.Arrays;

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
  private final LbfgsRun run;

  FullBatchLbfgs(
      Network network, Parameters parameters, Backend backend, Recipe recipe, LbfgsRun run) {
    this.network = network;
    this.parameters = parameters;
    this.backend = backend;
    this.recipe = recipe;
    this.run = run;
  }

  /** Minimises over all samples; the slices stay the caller's. */
  void run(DataSlices slices) {
    FlatParameters flat = new FlatParameters(network, parameters, recipe);
    try (Objective objective = new Objective(flat, slices)) {
      run.minimize(objective::value, flat);
    }
  }

  /** Mean cross-entropy and decay, slice by slice. */
  private final class Objective implements AutoCloseable {
    private final FlatParameters flat;
    private final DataSlices slices;
    private final Context ctx;
    private final TensorArena arena;
    private final NetworkPlan plan;
    private final LossPlan crossEntropy;
    private final Tensor loss;
    private final Tensor dz;

    Objective(FlatParameters flat, DataSlices slices) {
      this.flat = flat;
      this.slices = slices;
      int n = slices.batch();
      long classes = network.outputShape().size();
      arena =
          backend.arena(
              TensorArena.bytes(ElementType.F32, n)
                  + TensorArena.bytes(ElementType.F32, n * classes));
      loss = arena.tensor(ElementType.F32, n);
      dz = arena.tensor(ElementType.F32, network.outputShape().batched(n), Layout.NCHW);
      crossEntropy =
          backend.plan(LossDesc.crossEntropy(ElementType.F32, n, classes), PlanOptions.forward());
      plan =
          network.plan(
              backend,
              parameters,
              n,
              NetworkOptions.of(NetworkOptions.Gradients.PARAMETERS).training(true));
      ctx = backend.newContext();
    }

    /** Objective at w and its gradient. */
    double value(double[] w, double[] gradient) {
      flat.scatter(w);
      plan.parametersChanged(ctx);
      Arrays.fill(gradient, 0);
      double sum = 0;
      for (int from = 0; from < slices.size(); from = slices.end(from)) {
        sum += slice(from, gradient);
      }
      return sum / slices.size() + flat.addDecay(w, gradient);
    }

    private double slice(int from, double[] gradient) {
      int count = slices.end(from) - from;
      Tensor losses = loss.slice(0, count);
      Tensor slope = dz.slice(0, count);
      Tensor z = plan.forward(ctx, slices.samples(from));
      crossEntropy.execute(ctx, z, slices.labels(from), 1.0 / slices.size(), losses, slope);
      plan.backward(ctx, slope);
      flat.addGradients(gradient, plan);
      double sum = 0;
      for (float v : losses.toFloats()) {
        sum += v;
      }
      return sum;
    }

    @Override
    public void close() {
      ctx.close();
      plan.close();
      arena.close();
    }
  }
}
