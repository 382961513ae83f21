/**
 * Transfer: which networks are fooled by adversarial examples that were made for another one
 * (Szegedy et al. 2013, section 4.2, tables 2 and 4).
 *
 * <p>A {@link dev.blindspot.attacks.transfer.Transfer} owns a plan and buffers for each network and
 * belongs to one thread at a time; networks, parameters and the backend stay the caller's and must
 * outlive it. Rows of images are plain arrays of the Java heap.
 */
package dev.blindspot.attacks.transfer;
