package dev.blindspot.attacks.training;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.ObjectiveTerm;
import java.util.ArrayList;
import java.util.List;

/**
 * Pools as a term of the objective. Before each epoch every pool is renewed; in each step one of
 * them, in turn, adds the gradients of the layers above it.
 */
final class PoolTerm implements ObjectiveTerm {
  /** Arrays that one pool's state takes. */
  private static final int PARTS = 3;

  private final AdversarialTrainingOptions options;
  private final List<PooledLayer> layers;
  private final List<LayerAdversary> adversaries;
  private final DataSet data;
  private final long seed;
  private final AdversarialTrainingListener listener;

  /**
   * @param adversaries one for each layer
   */
  PoolTerm(
      AdversarialTrainingOptions options,
      List<PooledLayer> layers,
      List<LayerAdversary> adversaries,
      DataSet data,
      long seed,
      AdversarialTrainingListener listener) {
    this.options = options;
    this.layers = layers;
    this.adversaries = adversaries;
    this.data = data;
    this.seed = seed;
    this.listener = listener;
  }

  @Override
  public String identity() {
    return options
        + " "
        + layers.stream().map(l -> l.pool().layer()).toList()
        + " "
        + adversaries.stream().map(LayerAdversary::attack).toList();
  }

  @Override
  public void beginEpoch(int epoch) {
    if (epoch < options.firstEpoch()) {
      return;
    }
    for (int i = 0; i < layers.size(); i++) {
      AdversarialPool pool = layers.get(i).pool();
      int free = pool.capacity() - pool.size();
      int wanted = Math.max(free, options.replaced());
      if (wanted > 0) {
        LayerAdversary.Found found =
            adversaries.get(i).generate(data, wanted, Seeds.mix(seed, i, epoch));
        pool.add(found.examples(), found.labels());
        listener.renewed(epoch, found, pool.size());
      }
    }
  }

  @Override
  public void addGradients(Context ctx, NetworkPlan plan, long step) {
    layers.get((int) (step % layers.size())).addGradients(ctx, plan, step);
  }

  @Override
  public void parametersChanged(Context ctx) {
    layers.forEach(PooledLayer::parametersChanged);
  }

  @Override
  public List<double[]> state() {
    List<double[]> all = new ArrayList<>();
    layers.forEach(l -> all.addAll(l.pool().state()));
    return all;
  }

  @Override
  public void restore(List<double[]> state) {
    boolean fits = state.size() == PARTS * layers.size();
    for (int i = 0; fits && i < layers.size(); i++) {
      fits = layers.get(i).pool().fits(part(state, i));
    }
    if (!fits) {
      throw new InvalidInputException("its pools are not those of this adversarial training");
    }
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).pool().restore(part(state, i));
    }
  }

  private static List<double[]> part(List<double[]> state, int i) {
    return state.subList(PARTS * i, PARTS * (i + 1));
  }
}
