package dev.blindspot.attacks.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.Recipe;
import dev.blindspot.nn.training.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Trains a classifier on a data set and on adversarial examples of its own (Szegedy et al. 2013,
 * section 4.1): each layer's output has a pool of its own, a part of it is made anew before each
 * epoch by attacks on the layers above, and it trains those layers only. Steps alternate between
 * the pools: each minimises the mini-batch's mean cross-entropy, the decay, and weight times the
 * mean cross-entropy of examples of one pool, in turn. Belongs to one thread.
 */
public final class AdversarialTraining {
  private final Network network;
  private final Parameters parameters;
  private final Backend backend;
  private final Recipe recipe;
  private final AdversarialTrainingOptions options;
  private final long seed;
  private final AdversarialTrainingListener listener;
  private final Path checkpoint;
  private final List<String> names;

  /**
   * Checks the layers.
   *
   * @param network ends in logits
   * @param parameters F32 on the backend; changed in place
   * @param recipe SGD or Adam
   * @param seed order of samples, attacks and what is drawn from pools
   * @param checkpoint file to resume from and to write after each epoch, with the pools; null for
   *     none
   * @throws InvalidInputException if a layer can have no pool, naming it
   */
  public AdversarialTraining(
      Network network,
      Parameters parameters,
      Backend backend,
      Recipe recipe,
      AdversarialTrainingOptions options,
      long seed,
      AdversarialTrainingListener listener,
      Path checkpoint) {
    this.network = network;
    this.parameters = parameters;
    this.backend = backend;
    this.recipe = recipe;
    this.options = options;
    this.seed = seed;
    this.listener = listener;
    this.checkpoint = checkpoint;
    names = options.layers().isEmpty() ? PoolLayers.all(network) : options.layers();
    names.forEach(layer -> PoolLayers.above(network, layer));
  }

  /**
   * Trains on all samples; resumes where the checkpoint ends, to the same bits.
   *
   * @return the pools as they are at the end, from below
   * @throws InvalidInputException if the data does not fit the network or is smaller than a pool
   */
  public List<AdversarialPool> run(DataSet data) {
    if (data.size() < options.capacity()) {
      throw new InvalidInputException(
          "Adversarial training of "
              + network.name()
              + ": pools of "
              + options.capacity()
              + " examples from "
              + data.size()
              + " samples; take smaller pools");
    }
    List<PooledLayer> layers = new ArrayList<>();
    List<LayerAdversary> adversaries = new ArrayList<>();
    try {
      for (int i = 0; i < names.size(); i++) {
        layers.add(pooled(names.get(i), Seeds.mix(seed, i)));
        adversaries.add(
            new LayerAdversary(
                network,
                parameters,
                backend,
                names.get(i),
                options.gradients(),
                options.targeted()));
      }
      PoolTerm term = new PoolTerm(options, layers, adversaries, data, seed, listener);
      new Trainer(network, parameters, backend, recipe, seed, listener, checkpoint, term).run(data);
      return layers.stream().map(PooledLayer::pool).toList();
    } finally {
      layers.forEach(PooledLayer::close);
    }
  }

  private PooledLayer pooled(String layer, long poolSeed) {
    Network above = PoolLayers.above(network, layer);
    AdversarialPool pool =
        new AdversarialPool(
            layer,
            Math.toIntExact(above.inputShape().size()),
            options.capacity(),
            options.replacement(),
            poolSeed);
    return new PooledLayer(pool, above, parameters, backend, options, seed);
  }
}
