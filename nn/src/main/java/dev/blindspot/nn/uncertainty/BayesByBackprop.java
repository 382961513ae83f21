package dev.blindspot.nn.uncertainty;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.TrainingListener;
import java.util.ArrayList;
import java.util.List;

/**
 * A Gaussian over each weight, fitted by variational inference, and draws of the network from it
 * (Blundell et al. 2015, "Weight Uncertainty in Neural Networks"). The network runs on the backend;
 * the Gaussians, their KL divergence in closed form and Adam are on the host in double, which is
 * fine for small networks.
 */
public final class BayesByBackprop implements PredictiveDistribution {
  /** Separates a prediction's draws from those of the training. */
  private static final long PREDICTION = 0x7072656469637400L;

  private final MeanFieldGaussian distribution;
  private final Parameters parameters;
  private final Probabilities probabilities;
  private final int draws;
  private final long seed;

  private BayesByBackprop(
      Network network, Backend backend, MeanFieldGaussian distribution, int draws, long seed) {
    this.distribution = distribution;
    this.draws = draws;
    this.seed = seed;
    parameters = Parameters.initialize(network, backend, ElementType.F32, seed);
    probabilities = new Probabilities(network, parameters, backend, false, 0);
  }

  /**
   * Fits the Gaussians to a data set. Equal seed, threads and machine give equal bits.
   *
   * @param network that ends in logits, without batch norm; its initialisation gives the means at
   *     first
   * @throws InvalidInputException if the data does not fit the network
   * @throws BlindspotException if the loss is no longer finite
   */
  public static BayesByBackprop train(
      Network network,
      Backend backend,
      DataSet data,
      BayesOptions options,
      long seed,
      TrainingListener listener) {
    if (data.sampleSize() != network.inputShape().size()
        || data.classes() > network.outputShape().size()) {
      throw new InvalidInputException(
          "Bayes by backprop: network "
              + network.name()
              + " takes "
              + network.inputShape()
              + " and has "
              + network.outputShape().size()
              + " outputs; the data set "
              + data.name()
              + " has samples "
              + data.sampleShape()
              + " of "
              + data.classes()
              + " classes");
    }
    int batch = Math.min(options.batch(), data.size());
    try (Parameters sampled = Parameters.initialize(network, backend, ElementType.F32, seed)) {
      MeanFieldGaussian q = new MeanFieldGaussian(network, sampled, options.initialStddev());
      try (EvidenceBound bound =
          new EvidenceBound(network, sampled, q, options.prior(), batch, data.size())) {
        fit(network, bound, q, data, batch, options, seed, listener);
      }
      return new BayesByBackprop(network, backend, q, options.draws(), seed);
    }
  }

  /** Whole batches only, of a new order in each epoch. */
  private static void fit(
      Network network,
      EvidenceBound bound,
      MeanFieldGaussian q,
      DataSet data,
      int batch,
      BayesOptions options,
      long seed,
      TrainingListener listener) {
    List<HostAdam> adams = new ArrayList<>();
    for (MeanFieldGaussian.Part p : q.parts()) {
      adams.add(new HostAdam(p.mu.length));
      adams.add(new HostAdam(p.rho.length));
    }
    float[] images = new float[batch * data.sampleSize()];
    int[] labels = new int[batch];
    int perEpoch = data.size() / batch;
    long steps = (long) perEpoch * options.epochs();
    int[] order = {};
    for (long step = 0; step < steps; step++) {
      int i = (int) (step % perEpoch);
      if (i == 0) {
        order = DataSet.shuffled(data.size(), seed * 1_000_003 + step / perEpoch);
      }
      data.read(order, i * batch, (i + 1) * batch, images, 0);
      data.readLabels(order, i * batch, (i + 1) * batch, labels, 0);
      double loss = bound.step(images, labels, seed, step);
      if (!Double.isFinite(loss)) {
        throw new BlindspotException(
            "Bayes by backprop of "
                + network.name()
                + " diverged at step "
                + step
                + ": the loss is "
                + loss
                + ". Lower the learning rate "
                + options.learningRate());
      }
      double rate = options.learningRate() * 0.5 * (1 + Math.cos(Math.PI * step / steps));
      for (int k = 0; k < q.parts().size(); k++) {
        MeanFieldGaussian.Part p = q.parts().get(k);
        adams.get(2 * k).step(p.mu, p.muGradient, rate, step + 1);
        adams.get(2 * k + 1).step(p.rho, p.rhoGradient, rate, step + 1);
      }
      listener.step(step + 1, steps, loss);
    }
  }

  /** Writes the means of all parameters: the network in the middle of the distribution. */
  public void copyMeans(Parameters to) {
    distribution.means(to);
  }

  @Override
  public String description() {
    return "Bayes by backprop, " + draws + " draws";
  }

  @Override
  public Prediction predict(float[] images, int n) {
    probabilities.check(images, n);
    DrawSum sum = new DrawSum(n * probabilities.classes(), probabilities.classes());
    for (int draw = 0; draw < draws; draw++) {
      distribution.sample(parameters, seed ^ PREDICTION, draw);
      probabilities.parametersChanged();
      sum.add(probabilities.draw(images, n, 0));
    }
    return sum.prediction();
  }

  @Override
  public void close() {
    probabilities.close();
    parameters.close();
  }
}
