package dev.blindspot.attacks.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.LossPlan;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import java.util.LinkedHashMap;
import java.util.Map;

/** A pool and the layers that it trains: those above its layer, on the network's parameters. */
final class PooledLayer implements AutoCloseable {
  private final AdversarialPool pool;
  private final double weight;
  private final NetworkPlan plan;
  private final TensorArena arena;
  private final Tensor x;
  private final Tensor labels;
  private final Tensor loss;
  private final Tensor dz;
  private final LossPlan crossEntropy;
  private final Map<Parameters.Key, ElementwisePlan> sums = new LinkedHashMap<>();
  private final float[] values;
  private final int[] drawn;
  private boolean stale = true;

  /**
   * Plans the layers above.
   *
   * @param above reads what is in the pool
   */
  PooledLayer(
      AdversarialPool pool,
      Network above,
      Parameters parameters,
      Backend backend,
      AdversarialTrainingOptions options,
      long seed) {
    this.pool = pool;
    weight = options.weight();
    int n = options.batch();
    int classes = Math.toIntExact(above.outputShape().size());
    values = new float[Math.toIntExact(n * above.inputShape().size())];
    drawn = new int[n];
    plan =
        above.plan(
            backend,
            parameters,
            n,
            NetworkOptions.of(Gradients.PARAMETERS).training(true).seed(seed));
    arena =
        backend.arena(
            TensorArena.bytes(ElementType.F32, values.length)
                + 2 * TensorArena.bytes(ElementType.I32, n)
                + TensorArena.bytes(ElementType.F32, (long) n * classes));
    x = arena.tensor(ElementType.F32, above.inputShape().batched(n), Layout.NCHW);
    labels = arena.tensor(ElementType.I32, n);
    loss = arena.tensor(ElementType.F32, n);
    dz = arena.tensor(ElementType.F32, above.outputShape().batched(n), Layout.NCHW);
    crossEntropy =
        backend.plan(LossDesc.crossEntropy(ElementType.F32, n, classes), PlanOptions.forward());
    for (Network.Node node : above.nodes()) {
      node.parameters().stream()
          .filter(p -> p.trainable())
          .map(p -> new Parameters.Key(node.name(), p.name()))
          .forEach(k -> sums.put(k, sum(backend, parameters.get(k))));
    }
  }

  private static ElementwisePlan sum(Backend backend, Tensor w) {
    return backend.plan(
        new ElementwiseDesc(
            ElementwiseOp.LINEAR_COMBINATION, w.type(), w.n(), w.shape().rowLength()),
        PlanOptions.forward());
  }

  AdversarialPool pool() {
    return pool;
  }

  /** Adds weight times the gradient of the mean cross-entropy of examples drawn for this step. */
  void addGradients(Context ctx, NetworkPlan to, long step) {
    if (pool.size() == 0) {
      return;
    }
    pool.draw(step, values, drawn);
    x.copyFrom(values);
    labels.copyFrom(drawn);
    if (stale) {
      plan.parametersChanged(ctx);
      stale = false;
    }
    plan.step(step);
    crossEntropy.execute(ctx, plan.forward(ctx, x), labels, weight / drawn.length, loss, dz);
    plan.backward(ctx, dz);
    sums.forEach(
        (key, sum) -> {
          Tensor g = to.parameterGradient(key.node(), key.name());
          sum.execute(ctx, g, plan.parameterGradient(key.node(), key.name()), 1, 1, g);
        });
  }

  void parametersChanged() {
    stale = true;
  }

  @Override
  public void close() {
    plan.close();
    arena.close();
  }
}
