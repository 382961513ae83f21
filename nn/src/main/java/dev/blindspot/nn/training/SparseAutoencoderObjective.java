package dev.blindspot.nn.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.BiasPlan;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.RowReducePlan;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import java.util.Arrays;

/** The function that {@link SparseAutoencoder} minimises, in two passes over the data. */
final class SparseAutoencoderObjective implements AutoCloseable {
  private final SparseAutoencoder options;
  private final FlatParameters flat;
  private final DataSlices slices;
  private final int units;
  private final Context ctx;
  private final TensorArena arena;
  private final NetworkPlan encoder;
  private final NetworkPlan decoder;
  private final ElementwisePlan combine;
  private final RowReducePlan squares;
  private final BiasPlan perUnit;
  private final Tensor error;
  private final Tensor losses;
  private final Tensor unit;

  SparseAutoencoderObjective(
      SparseAutoencoder options,
      Network autoencoder,
      Parameters parameters,
      FlatParameters flat,
      DataSlices slices) {
    this.options = options;
    this.flat = flat;
    this.slices = slices;
    Backend backend = parameters.backend();
    int n = slices.batch();
    long size = autoencoder.outputShape().size();
    units = Math.toIntExact(autoencoder.nodes().get(1).outputShape().size());
    arena =
        backend.arena(
            TensorArena.bytes(ElementType.F32, n * size)
                + TensorArena.bytes(ElementType.F32, n)
                + TensorArena.bytes(ElementType.F32, units));
    error = arena.tensor(ElementType.F32, n, size);
    losses = arena.tensor(ElementType.F32, n);
    unit = arena.tensor(ElementType.F32, units);
    combine =
        backend.plan(
            new ElementwiseDesc(ElementwiseOp.LINEAR_COMBINATION, ElementType.F32, n, size));
    squares = backend.plan(new RowReduceDesc(Reduction.SQUARED_L2, ElementType.F32, n, size));
    perUnit = backend.plan(new BiasDesc(ElementType.F32, n, units, 1));
    encoder =
        autoencoder
            .slice(0, 2)
            .plan(backend, parameters, n, NetworkOptions.of(Gradients.PARAMETERS));
    decoder =
        autoencoder.slice(2, 4).plan(backend, parameters, n, NetworkOptions.of(Gradients.BOTH));
    ctx = backend.newContext();
  }

  /** Objective at w and its gradient. */
  double value(double[] w, double[] gradient) {
    flat.scatter(w);
    encoder.parametersChanged(ctx);
    decoder.parametersChanged(ctx);
    double sparsity = sparsity();
    Arrays.fill(gradient, 0);
    double sum = 0;
    for (int from = 0; from < slices.size(); from = slices.end(from)) {
      sum += slice(from, gradient);
    }
    return sum / slices.size() + sparsity + flat.addDecay(w, gradient);
  }

  /** The sparsity term; its gradient by each sample's code, which is the same for all, is kept. */
  private double sparsity() {
    double[] mean = new double[units];
    for (int from = 0; from < slices.size(); from = slices.end(from)) {
      perUnit.backwardWeights(ctx, encoder.forward(ctx, slices.samples(from)), unit);
      float[] sums = unit.toFloats();
      for (int j = 0; j < units; j++) {
        mean[j] += sums[j] / slices.size();
      }
    }
    double rho = options.rho();
    double value = 0;
    float[] slope = new float[units];
    for (int j = 0; j < units; j++) {
      // A code that is 0 or 1 for all samples in float has an infinite divergence.
      double q = Math.min(1 - 1e-7, Math.max(1e-7, mean[j]));
      value += rho * Math.log(rho / q) + (1 - rho) * Math.log((1 - rho) / (1 - q));
      slope[j] = (float) (options.beta() * ((1 - rho) / (1 - q) - rho / q) / slices.size());
    }
    unit.copyFrom(slope);
    return options.beta() * value;
  }

  private double slice(int from, double[] gradient) {
    int count = slices.end(from) - from;
    Tensor d = error.slice(0, count);
    Tensor loss = losses.slice(0, count);
    Tensor x = slices.samples(from).reshape(count, error.shape().dim(1));
    Tensor a = encoder.forward(ctx, slices.samples(from));
    Tensor y = decoder.forward(ctx, a);
    combine.execute(ctx, y, x, 1, -1, d);
    squares.execute(ctx, d, null, loss);
    combine.execute(ctx, d, d, 1.0 / slices.size(), 0, d);
    decoder.backward(ctx, d);
    Tensor da = decoder.inputGradient();
    perUnit.forward(ctx, da, unit, da);
    encoder.backward(ctx, da);
    ctx.synchronize();
    flat.addGradients(gradient, decoder, encoder);
    double sum = 0;
    for (float v : loss.toFloats()) {
      sum += 0.5 * v;
    }
    return sum;
  }

  @Override
  public void close() {
    ctx.close();
    encoder.close();
    decoder.close();
    arena.close();
  }
}
