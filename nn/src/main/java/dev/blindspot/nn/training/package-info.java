/**
 * Training: optimisers, the loop with its checkpoints, evaluation.
 *
 * <p>A trainer changes the {@link dev.blindspot.nn.Parameters} it is given; it owns what else it
 * makes and belongs to one thread. The order of samples depends on the seed and the epoch only.
 */
package dev.blindspot.nn.training;
