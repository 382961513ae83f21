/**
 * Pictures of what a network looks for: an image that excites a unit, a channel, a class or a whole
 * layer, found by gradient ascent in the input (Erhan et al. 2009; Simonyan et al. 2013), with the
 * usual means against noise: jitter, total variation, a Fourier parameterisation (Olah et al.
 * 2017), and the octaves of DeepDream (Mordvintsev et al. 2015).
 *
 * <p>The network runs on any backend; everything else is in double on the Java heap. A run makes
 * its own context and native memory and frees both; the network's parameters are only read. All
 * public types are immutable and may be shared by threads; a run belongs to the thread that began
 * it.
 */
package dev.blindspot.attacks.visualize;
