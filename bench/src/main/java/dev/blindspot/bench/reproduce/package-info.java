/**
 * The tables and figures of "Intriguing properties of neural networks" (Szegedy et al. 2013), each
 * made by a stage from networks trained here, with the paper's numbers beside ours.
 *
 * <p>Everything that takes long is kept in a folder as soon as it is done, so that a killed run
 * goes on where it was. One thread runs all stages; only the backend computes with more.
 */
package dev.blindspot.bench.reproduce;
