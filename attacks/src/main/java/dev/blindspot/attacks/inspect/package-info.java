/**
 * Inspection of units: which held-out images excite a unit of a layer most, and a random direction
 * of the same layer, as in "Intriguing properties of neural networks" (Szegedy et al. 2013),
 * section 3, with a number for what the paper shows as pictures.
 *
 * <p>The network runs on any backend; ranking and statistics are in double on the Java heap. A run
 * makes its own context and native memory and frees both; the network's parameters are only read.
 * All types are immutable and may be shared by threads; a run belongs to the thread that began it.
 */
package dev.blindspot.attacks.inspect;
