package dev.blindspot.nn.uncertainty;

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
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;

/**
 * The negative evidence lower bound of a data set, divided by its number of samples and estimated
 * from a batch and one sample of the weights: mean cross-entropy + KL / samples. Owns its plan.
 */
final class EvidenceBound implements AutoCloseable {
  private final MeanFieldGaussian distribution;
  private final double prior;
  private final double weight;
  private final int batch;
  private final Parameters parameters;
  private final Context context;
  private final TensorArena arena;
  private final NetworkPlan plan;
  private final LossPlan lossPlan;
  private final Tensor x;
  private final Tensor labels;
  private final Tensor loss;
  private final Tensor dz;

  /**
   * @param sampled of this network, overwritten with samples; they stay open
   * @param batch samples of each estimate
   * @param samples of the data set
   */
  EvidenceBound(
      Network network,
      Parameters sampled,
      MeanFieldGaussian distribution,
      double prior,
      int batch,
      int samples) {
    this.distribution = distribution;
    this.prior = prior;
    this.batch = batch;
    weight = 1.0 / samples;
    parameters = sampled;
    Backend backend = sampled.backend();
    ElementType type = sampled.type();
    plan =
        network.plan(backend, sampled, batch, NetworkOptions.of(Gradients.PARAMETERS).type(type));
    context = backend.newContext();
    long outputs = network.outputShape().size();
    arena =
        backend.arena(
            TensorArena.bytes(type, batch * network.inputShape().size())
                + TensorArena.bytes(type, batch * outputs)
                + TensorArena.bytes(type, batch)
                + TensorArena.bytes(ElementType.I32, batch));
    x = arena.tensor(type, network.inputShape().batched(batch), Layout.NCHW);
    labels = arena.tensor(ElementType.I32, batch);
    loss = arena.tensor(type, batch);
    dz = arena.tensor(type, network.outputShape().batched(batch), Layout.NCHW);
    LossDesc desc = LossDesc.crossEntropy(type, batch, Math.toIntExact(outputs));
    lossPlan = backend.plan(desc, PlanOptions.forward());
  }

  /**
   * Samples the weights, leaves the gradient in the distribution's parts, and returns the mean
   * cross-entropy.
   *
   * @param images [batch,...]
   */
  double step(float[] images, int[] targets, long seed, long step) {
    distribution.sample(parameters, seed, step);
    plan.parametersChanged(context);
    copy(images);
    labels.copyFrom(targets);
    Tensor z = plan.forward(context, x);
    lossPlan.execute(context, z, labels, 1.0 / batch, loss, dz);
    plan.backward(context, dz);
    context.synchronize();
    for (MeanFieldGaussian.Part p : distribution.parts()) {
      Tensor dw = plan.parameterGradient(p.key.node(), p.key.name());
      MeanFieldGaussian.gradient(p, doubles(dw), prior, weight);
    }
    double sum = 0;
    for (double v : doubles(loss)) {
      sum += v;
    }
    return sum / batch;
  }

  /** KL / samples. */
  double divergence() {
    return weight * distribution.divergence(prior);
  }

  private void copy(float[] images) {
    if (x.type() == ElementType.F32) {
      x.copyFrom(images);
      return;
    }
    double[] d = new double[images.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = images[i];
    }
    x.copyFrom(d);
  }

  private static double[] doubles(Tensor t) {
    if (t.type() == ElementType.F64) {
      return t.toDoubles();
    }
    float[] f = t.toFloats();
    double[] d = new double[f.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = f[i];
    }
    return d;
  }

  @Override
  public void close() {
    plan.close();
    arena.close();
    context.close();
  }
}
