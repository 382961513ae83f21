/**
 * The zoo's layers, as immutable records. They use the same public {@link dev.blindspot.nn.Layer}
 * interface as a user's own layer; there is no private door.
 */
package dev.blindspot.nn.layers;
