/**
 * Measures a backend's implementations and keeps what it chose; a store and a tuner belong to one
 * backend and may be used by any thread. Measuring takes a context and memory of its own and gives
 * both back.
 */
package dev.blindspot.engine.spi.tuning;
