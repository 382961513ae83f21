/**
 * How far a network's confidence can be believed: calibration curves and errors (Guo et al. 2017)
 * of any probabilities, and local generalisation: accuracy and confidence as images are moved,
 * turned, scaled or blurred.
 *
 * <p>What is measured takes probabilities and labels, not networks: those of a softmax, of an
 * ensemble or of a Bayesian network alike. All is in double on the Java heap. Types are immutable
 * and may be shared by threads.
 */
package dev.blindspot.attacks.calibration;
