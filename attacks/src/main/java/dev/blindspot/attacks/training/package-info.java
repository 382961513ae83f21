/**
 * Adversarial training after Szegedy et al. 2013, section 4.1: a pool of adversarial examples for
 * the output of each layer, made anew as the network changes, trains the layers above.
 *
 * <p>Pools own their examples on the host; a training owns its plans on the backend and closes them
 * when it ends. Everything belongs to one thread. Equal seeds give equal bits.
 */
package dev.blindspot.attacks.training;
