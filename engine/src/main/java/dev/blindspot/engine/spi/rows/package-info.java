/**
 * The checks of row primitives, once for all backends: each class refuses tensors that do not fit
 * and hands the rest to {@code run}. They allocate nothing unless they fail.
 */
package dev.blindspot.engine.spi.rows;
