/**
 * Input-gradient attacks: box-constrained L-BFGS (Szegedy et al. 2013, section 4.1), projected
 * gradient descent (Madry et al. 2018) and the fast gradient sign method (Goodfellow et al. 2015).
 *
 * <p>An attack works on [n, ...] tensors and [n] numbers of one backend through the engine's
 * primitives alone: what differs from sample to sample is a mask. The host reads a counter every
 * few steps and no tensor data on the way; a step that repeats is recorded and replayed by one
 * native call. Each run makes its own context and its own memory and frees both; the network's
 * parameters are only read. Attacks are immutable and may be shared by threads; a run belongs to
 * the thread that began it.
 */
package dev.blindspot.attacks;
