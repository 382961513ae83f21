/**
 * The checks of layer primitives, once for all backends: each class refuses tensors that do not fit
 * and hands the rest to a {@code run} method. They allocate nothing unless they fail.
 */
package dev.blindspot.engine.spi.layers;
