package dev.blindspot.bench.reproduce;

import dev.blindspot.nn.Network;
import dev.blindspot.nn.training.Recipe;
import dev.blindspot.nn.training.SparseAutoencoder;

/**
 * A network of the paper and how it is trained.
 *
 * @param name as in the paper's tables
 * @param file name of its file, without ending
 * @param description as in table 1
 * @param recipe of the training with labels
 * @param autoencoder trains the first layer without labels first; the labels then train only what
 *     is behind its sigmoid. Null for none
 * @param part of the training images
 */
public record PaperNetwork(
    String name,
    String file,
    String description,
    Network network,
    Recipe recipe,
    SparseAutoencoder autoencoder,
    Part part) {

  /** Training images that a network sees. */
  public enum Part {
    /** All. */
    ALL,
    /** The first half of a seeded shuffle. */
    P1,
    /** The second half. */
    P2
  }
}
