package dev.blindspot.attacks.instability;

import java.util.List;

/**
 * How perturbations grew through a network.
 *
 * @param samples measured
 * @param norms Euclidean norm of the perturbations, the same for the noise
 * @param layers one for each row of the network's bound
 */
public record InstabilityResult(int samples, Statistics norms, List<LayerInstability> layers) {

  public InstabilityResult {
    layers = List.copyOf(layers);
  }
}
