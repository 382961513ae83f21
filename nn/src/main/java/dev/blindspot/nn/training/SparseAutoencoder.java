package dev.blindspot.nn.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Linear;
import java.nio.file.Path;
import java.util.List;

/**
 * Trains the first dense sigmoid layer of a classifier without labels, as the encoder of a sparse
 * autoencoder (Ng, "Sparse autoencoder", CS294A lecture notes 2011): full-batch L-BFGS on
 *
 * <p>mean ||y - x||^2 / 2 + lambda/2 (||W1||_F^2 + ||W2||_F^2) + beta sum_j KL(rho || rho_j),
 *
 * <p>where y = sigmoid(W2 a + b2) is the reconstruction from the code a = sigmoid(W1 x + b1), rho_j
 * the mean of a_j over the data, and KL(rho || q) = rho ln(rho / q) + (1 - rho) ln((1 - rho) / (1 -
 * q)).
 *
 * @param rho mean activation aimed at, in (0,1)
 * @param beta weight of the sparsity term
 * @param lambda decay of both layers' weights
 * @param iterations of L-BFGS at most
 * @param batch samples evaluated at once; no effect on the result but rounding
 */
public record SparseAutoencoder(double rho, double beta, double lambda, int iterations, int batch) {

  public SparseAutoencoder {
    if (!(rho > 0 && rho < 1) || !(beta >= 0) || !(lambda >= 0) || iterations < 1 || batch < 1) {
      throw new InvalidInputException(
          "Sparse autoencoder: rho "
              + rho
              + " must be in (0,1), beta "
              + beta
              + " and lambda "
              + lambda
              + " not negative, iterations "
              + iterations
              + " and batch "
              + batch
              + " at least 1");
    }
  }

  /**
   * Trains the first layer's parameters in place; all others stay.
   *
   * @param classifier begins with a dense layer and a sigmoid
   * @param parameters its own, F32 on the backend
   * @param data samples; labels are not read
   * @param seed of the decoder's first values
   * @param checkpoint file to resume from and to write every few iterations; null for none
   * @throws InvalidInputException if the classifier does not begin so, or the data does not fit it
   * @throws DamagedCheckpointException if the checkpoint is not this training's; nothing is changed
   */
  public void pretrain(
      Network classifier,
      Parameters parameters,
      Backend backend,
      DataSet data,
      long seed,
      TrainingListener listener,
      Path checkpoint) {
    check(classifier, data);
    Network.Node code = classifier.nodes().get(0);
    Network autoencoder = autoencoder(classifier, data.sampleSize());
    String identity =
        "sparse autoencoder "
            + code.outputShape()
            + " "
            + data.checksum()
            + " "
            + this
            + " "
            + seed
            + " "
            + backend.properties();
    try (Parameters own = Parameters.initialize(autoencoder, backend, ElementType.F32, seed)) {
      copy(code, parameters, own);
      FlatParameters flat = new FlatParameters(autoencoder, own, Recipe.lbfgs(iterations, lambda));
      try (DataSlices slices = DataSlices.of(backend, data, autoencoder.inputShape(), batch);
          SparseAutoencoderObjective objective =
              new SparseAutoencoderObjective(this, autoencoder, own, flat, slices)) {
        new LbfgsRun(identity, iterations, listener, checkpoint).minimize(objective::value, flat);
      }
      copy(code, own, parameters);
    }
  }

  private static void check(Network classifier, DataSet data) {
    List<Network.Node> nodes = classifier.nodes();
    boolean fits =
        nodes.size() > 2
            && nodes.get(0).layer() instanceof Linear
            && nodes.get(1).layer().equals(ActivationLayer.sigmoid());
    if (!fits) {
      throw new InvalidInputException(
          "Sparse autoencoder: network "
              + classifier.name()
              + " must begin with a dense layer and a sigmoid; it has "
              + nodes.stream().map(n -> n.layer().kind()).toList());
    }
    if (data.sampleSize() != classifier.inputShape().size()) {
      throw new InvalidInputException(
          "Sparse autoencoder: network "
              + classifier.name()
              + " takes "
              + classifier.inputShape()
              + ", the samples of "
              + data.name()
              + " are "
              + data.sampleShape());
    }
  }

  /** Encoder (nodes 0 and 1) under the classifier's names, and decoder (2 and 3). */
  static Network autoencoder(Network classifier, int size) {
    Network.Node code = classifier.nodes().get(0);
    Linear encoder = (Linear) code.layer();
    return Network.builder("autoencoder of " + classifier.name(), classifier.inputShape())
        .add(code.name(), encoder)
        .add(code.name() + "-sigmoid", ActivationLayer.sigmoid())
        .add(code.name() + "-decoder", new Linear(size, true, encoder.initializer()))
        .add(code.name() + "-output", ActivationLayer.sigmoid())
        .build();
  }

  private static void copy(Network.Node layer, Parameters from, Parameters to) {
    for (dev.blindspot.nn.ParameterSpec p : layer.parameters()) {
      Parameters.Key key = new Parameters.Key(layer.name(), p.name());
      to.set(key, from.values(key));
    }
  }
}
