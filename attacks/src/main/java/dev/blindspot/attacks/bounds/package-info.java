/**
 * Spectral bounds of layers and networks, and certified radii that follow from them.
 *
 * <p>Everything here is computed in double on the Java heap from copies of the parameters, so that
 * a bound does not depend on the backend that runs the network; nothing owns native memory. Upper
 * bounds hold in exact arithmetic for the given parameters: each computed number is widened by an
 * a-priori bound of its rounding error. What is not finite is "not certified". All types are
 * immutable and may be shared by threads.
 */
package dev.blindspot.attacks.bounds;
