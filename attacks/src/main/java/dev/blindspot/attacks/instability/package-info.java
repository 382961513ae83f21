/**
 * Instability over layers: how a given perturbation grows on its way through a network, beside the
 * bracket of each layer's Lipschitz constant, as in "Intriguing properties of neural networks"
 * (Szegedy et al. 2013), section 4.3.
 *
 * <p>The network runs on any backend in float32; differences and their norms are formed in double
 * on the Java heap. A measurement makes its own context and native memory and frees both; the
 * network's parameters are only read. All types are immutable and may be shared by threads; a
 * measurement belongs to the thread that began it.
 */
package dev.blindspot.attacks.instability;
