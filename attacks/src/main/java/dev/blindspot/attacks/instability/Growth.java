package dev.blindspot.attacks.instability;

/**
 * How perturbations r have grown where a row of the network's bound ends, phi_k being the network
 * up to there.
 *
 * @param soFar ||phi_k(x+r) - phi_k(x)|| / ||r||; at most the product of the upper bounds so far,
 *     but for float32 rounding
 * @param step ||phi_k(x+r) - phi_k(x)|| / ||phi_{k-1}(x+r) - phi_{k-1}(x)||: of this row alone, at
 *     most its upper bound; over the samples whose perturbation still arrives there
 */
public record Growth(Statistics soFar, Statistics step) {}
