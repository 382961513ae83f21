package dev.blindspot.attacks.instability;

import dev.blindspot.attacks.bounds.LayerBound;

/**
 * One row of a network's bound with what perturbations really did there.
 *
 * @param bound of this row
 * @param product of the upper ends so far: no perturbation can have grown by more
 * @param adversarial growth of the perturbations given
 * @param noise growth of Gaussian noise of the same norms
 */
public record LayerInstability(
    LayerBound bound, double product, Growth adversarial, Growth noise) {}
