/**
 * Predictive uncertainty: distributions over class probabilities instead of one answer, from
 * dropout at test time, from several networks, or from a Gaussian over the weights.
 *
 * <p>A {@link dev.blindspot.nn.uncertainty.PredictiveDistribution} owns its plans, contexts and
 * native memory and belongs to one thread at a time; results are on the Java heap and immutable.
 */
package dev.blindspot.nn.uncertainty;
